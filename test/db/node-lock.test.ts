import { PassThrough } from 'node:stream';
import pg from 'pg';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { NodeLock } from '../../server/db/node-lock.ts';
import { registerNode, touchNode } from '../../server/db/nodes.ts';
import { until } from '../support/browser.ts';
import { cutLockSessions, lockSessions } from '../support/locks.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { restartableDatabase } from '../support/restartable-postgres.ts';
import { testServer } from '../support/server.ts';
import { both, counts, publisher } from '../support/watching.ts';

/** On a busy machine a connection takes longer than a server waits; who has to be refused need not wait so long. */
const patient = { connectTimeoutMs: 20_000, waitMs: 500 };

t.test('of servers that start at the same time, as many get the lock as may', async (t) => {
  const { connectionString } = await testDatabase(t);
  const log = pino({ level: 'silent' });
  const takeAll = async (nodeIds: string[], shared: boolean) => {
    const common = { ...patient, connectionString, shared, log, onReplaced: () => undefined };
    const taken = await Promise.allSettled(nodeIds.map((nodeId) => NodeLock.take({ ...common, nodeId })));
    const locks = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const one of taken) {
      if (one.status === 'rejected') t.match(one.reason, { name: 'DatabaseInUseError' });
    }
    await Promise.all(locks.map((lock) => lock.close()));
    return locks.length;
  };
  const different = ['a', 'b', 'c', 'd', 'e', 'f'];
  t.equal(await takeAll(different, false), 1, 'each would be alone');
  t.equal(await takeAll(different, true), 6, 'all may share');
  t.equal(await takeAll(['a', 'a', 'a', 'a'], true), 1, 'one name is one server’s');
});

t.test('a lock that is lost is taken again, which is said once', async (t) => {
  const database = await testDatabase(t);
  const log = new PassThrough({ encoding: 'utf8' });
  let lines = '';
  log.on('data', (text: string) => (lines += text));
  const lock = await NodeLock.take({
    connectionString: database.connectionString,
    ...patient,
    nodeId: 'main',
    shared: false,
    log: pino(log),
    onReplaced: () => t.fail('nobody else has it'),
  });
  t.teardown(() => lock.close());
  await registerNode(database.pool, lock.node);
  let failures = 1;
  const again = new Promise<void>((resolve) => {
    lock.onRegained = () => {
      if (failures-- > 0) return Promise.reject(new Error('the database is still starting'));
      resolve();
      return Promise.resolve();
    };
  });
  await cutLockSessions(database.pool);
  await again;
  await until(
    'it is said',
    () => Promise.resolve(lines),
    (text) => text.includes('held again'),
  );
  const said = lines.match(/"level":\d+|"msg":"[^"]*"/g);
  t.match(said, ['"level":40', /NODE_ID=main is lost/, '"level":30', /NODE_ID=main is held again/]);
  t.equal(said?.length, 4);
  t.equal((await lockSessions(database.pool)).length, 1);

  await database.pool.query(`UPDATE nodes SET incarnation = gen_random_uuid()`);
  t.notOk(await touchNode(database.pool, lock.node));
  const restored = new Promise<void>((resolve) => {
    lock.onRegained = async () => {
      await registerNode(database.pool, lock.node);
      resolve();
    };
  });
  lock.doubt();
  await restored;
  t.ok(
    await touchNode(database.pool, lock.node),
    'who holds the lock is the node, whatever a restored table says',
  );
});

t.test('an outage of the database ends no call, and leaves the lock with its server', async (t) => {
  const database = await restartableDatabase(t);
  const server = await testServer(t, {}, { database, faults: true });
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  await viewer.request('consume', { producerId: await publisher(t, server.url, 'tea') });
  await database.crash();
  t.equal((await server.workers.forwarded()).size, 1);
  await database.start();
  await until(
    'the lock is held again',
    () => lockSessions(database.pool),
    (pids) => pids.length === 1,
  );
  const { connectionString } = database;
  const { nodeId } = server.node;
  const common = { ...patient, connectionString, log: server.log, onReplaced: () => undefined };
  await t.rejects(NodeLock.take({ ...common, nodeId, shared: false }), {
    message: /^Another server runs with NODE_ID=main/,
  });
  t.same(await counts(server), both(1));
  const open = await database.pool.query('SELECT FROM room_sessions WHERE ended_at IS NULL');
  t.equal(open.rowCount, 1);
  t.ok(await viewer.request('leave', {}));
});

t.test('a session in which nothing is done is not ended by settings of the database', async (t) => {
  const database = await testDatabase(t);
  const { rows } = await database.pool.query<{ name: string }>('SELECT current_database() AS name');
  const name = rows[0]?.name ?? '';
  await database.pool.query(`ALTER DATABASE ${name} SET idle_session_timeout = '300ms'`);
  const { connectionString } = database;
  const lock = await NodeLock.take({
    connectionString,
    ...patient,
    nodeId: 'main',
    shared: false,
    log: pino({ level: 'silent' }),
    onReplaced: () => t.fail('nobody else has it'),
  });
  t.teardown(() => lock.close());
  const [pid] = await lockSessions(database.pool);
  const other = new pg.Client({ connectionString });
  const ended = new Promise((resolve) => other.on('error', resolve));
  await other.connect();
  t.match(await ended, { code: '57P05' }, 'others are ended');
  t.same(await lockSessions(database.pool), [pid]);
});
