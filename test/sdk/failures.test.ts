import t from '../support/tap.ts';
import { backOff } from '../../client/sdk/back-off.ts';
import { SignallingError } from '../../client/sdk/errors.ts';
import { Failures } from '../../client/sdk/failures.ts';
import { RemotePublication } from '../../client/sdk/participants.ts';

const track = () =>
  new RemotePublication('ada', { id: 'sound', kind: 'audio', source: 'microphone', paused: false });
const refusal = (code: SignallingError['code']) => new SignallingError(code, 'no');

t.test('waits double up to the longest, each cut by up to a half', (t) => {
  const given = { firstMs: 100, mostMs: 1_000 };
  const waits = (random: number) => [1, 2, 3, 4, 5, 60].map((count) => backOff(count, given, () => random));
  t.same(waits(0), [100, 200, 400, 800, 1_000, 1_000]);
  t.same(waits(1), [50, 100, 200, 400, 500, 500]);
  t.end();
});

t.test('a track that the browser cannot play is tried twice', (t) => {
  const failures = new Failures();
  const publication = track();
  t.ok(failures.note(publication, new Error('no m-section')));
  t.same([failures.has(publication), failures.isGivenUp(publication)], [true, false]);
  t.equal(failures.retry(publication), true);
  t.equal(failures.has(publication), false, 'it is being tried');
  t.equal(failures.note(publication, new Error('no m-section')), undefined);
  t.equal(failures.isGivenUp(publication), true);

  const refused = track();
  failures.note(refused, refusal('forbidden'));
  failures.clearRefusals([publication, refused]);
  t.same(
    [failures.has(publication), failures.isGivenUp(publication)],
    [true, true],
    'not again when the connection is back',
  );
  t.equal(failures.has(refused), false, 'what was refused is');

  failures.forget(publication);
  t.same(
    [failures.has(publication), failures.isGivenUp(publication)],
    [false, false],
    'again when its user wants it',
  );
  t.end();
});

t.test('a refusal that passes is tried again for as long as it takes, one that stays is not', (t) => {
  const failures = new Failures();
  const publication = track();
  for (let count = 0; count < 20; count += 1) {
    const wait = failures.note(publication, refusal('unavailable'));
    t.ok(wait !== undefined && wait >= 1_500 && wait <= 30_000);
  }
  t.equal(failures.isGivenUp(publication), false);
  t.equal(failures.note(publication, refusal('cannot_consume')), undefined);
  t.equal(failures.has(publication), true);
  t.end();
});
