import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { createPool } from '../../server/db/pool.ts';
import { countOld, deleteOld } from '../../server/db/retention.ts';
import { takeCounted } from '../../server/db/take-slot.ts';
import { declaredOf, heldIds, testNode } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const days = { sampleDays: 30, rollupDays: 396, recordDays: 396 };

const run = (pool: Pool, signal = new AbortController().signal) =>
  deleteOld(pool, days, { now: Date.now(), signal });

t.test('slots of guests', async (t) => {
  const { pool, connectionString } = await testDatabase(t);
  // Fewer than PostgreSQL has for all files that run at once.
  const many = createPool({
    connectionString,
    log: pino({ level: 'silent' }),
    max: 20,
    connectTimeoutMs: 20_000,
    statementTimeoutMs: 20_000,
  });
  t.teardown(() => many.end());
  const { ledger } = await testNode(many);
  const numbersOf = async (userId: string) =>
    (await pool.query('SELECT FROM slots WHERE user_id = $1', [userId])).rowCount;
  const idle = async (userId: string) => {
    const stream = declaredOf(userId);
    await ledger.acquire(stream);
    await ledger.endDeclared(userId, stream.id);
    await pool.query(
      `UPDATE streams SET started_at = now() - interval '2 days', ended_at = now() WHERE id = $1`,
      [stream.id],
    );
  };

  t.test('those of one who has begun nothing for a day go, and are made again', async (t) => {
    await idle('guest:idle');
    await idle('ada');
    await idle('guest:watching');
    const watched = declaredOf('guest:watching');
    await ledger.acquire(watched);
    await pool.query(`UPDATE streams SET started_at = now() - interval '2 days'`);
    await idle('guest:back');
    await ledger.acquire(declaredOf('guest:back'));
    await ledger.endOldest('guest:back', 'declared');
    await idle('guest:here');
    await pool.query(
      `UPDATE participants SET user_id = 'guest:here', joined_at = now() - interval '23 hours'`,
    );

    const foretold = await countOld(pool, days, Date.now());
    t.match(
      foretold.filter(({ rows }) => rows > 0),
      [{ table: 'slots', rows: 3, oldest: undefined }],
    );
    t.same((await run(pool)).rows, { slots: 3 });
    t.equal(await numbersOf('guest:idle'), 0);
    for (const who of ['ada', 'guest:watching', 'guest:back', 'guest:here'])
      t.equal(await numbersOf(who), 3, who);
    const starts = await Promise.all(
      Array.from({ length: 10 }, () => ledger.acquire(declaredOf('guest:idle'))),
    );
    t.equal(starts.filter(({ granted }) => granted).length, 3);
  });

  t.test('starts while they are deleted: exactly as many succeed as there are slots', async (t) => {
    for (let round = 0; round < 10; round += 1) {
      const guests = Array.from({ length: 8 }, (_, n) => `guest:${round}-${n}`);
      await Promise.all(guests.map(idle));
      const stop = new AbortController();
      const deleting = Promise.all([run(many, stop.signal), run(many, stop.signal)]);
      const granted = await Promise.all(
        guests.map(async (userId) => {
          const starts = Array.from({ length: 6 }, () => ledger.acquire(declaredOf(userId)));
          return (await Promise.all(starts)).filter((start) => start.granted).length;
        }),
      );
      t.same(
        granted,
        guests.map(() => 3),
      );
      stop.abort();
      await deleting;
      for (const userId of guests) t.equal((await heldIds(pool, userId)).length, 3);
    }
  });

  t.test('a start is not refused because its rows go between making and locking them', async (t) => {
    await idle('guest:unlucky');
    let meddle = () => pool.query(`DELETE FROM slots WHERE user_id = 'guest:unlucky' AND number > 1`);
    const connect = async () => {
      const client = await pool.connect();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const watched = async (asked: unknown, ...more: unknown[]) => {
        const isLocking =
          typeof asked === 'object' && asked !== null && 'name' in asked && asked.name === 'lock-places';
        if (isLocking) await meddle();
        if (isLocking) meddle = () => pool.query('SELECT');
        return query(asked, ...more);
      };
      return new Proxy(client, {
        get: (target, name) =>
          name === 'query' ? watched : (Reflect.get(target, name, target) as PoolClient[keyof PoolClient]),
      });
    };
    await pool.query(
      `INSERT INTO streams (id, user_id, origin, started_at) SELECT gen_random_uuid(), 'guest:unlucky', 'declared', now()`,
    );
    await pool.query(
      `UPDATE slots SET stream_id = (SELECT id FROM streams WHERE user_id = 'guest:unlucky' AND ended_at IS NULL)
       WHERE user_id = 'guest:unlucky' AND number = 1`,
    );
    const stream = ['guest:unlucky', randomUUID(), null, null, null, null, null, 60, 'declared', null];
    const meddled = Object.assign(Object.create(pool) as Pool, { connect });
    t.equal(await takeCounted(meddled, stream, 3), true);
    t.equal((await heldIds(pool, 'guest:unlucky')).length, 2);
  });
});
