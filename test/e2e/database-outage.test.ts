import t from '../support/tap.ts';
import { callWithoutDatabase } from '../support/call-without-database.ts';

t.test('a call goes on while the database is away, and is on record without a gap', (t) =>
  callWithoutDatabase(t, 3_000),
);
