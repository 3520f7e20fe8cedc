import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { until } from '../support/browser.ts';

t.test('nobody is announced who is not recorded yet, and nobody who is refused', async (t) => {
  const server = await testServer(t, {}, { faults: true });
  const { pool } = server.database;
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const seen = () =>
    ada.received.flatMap(({ event }) => (/^participant(Joined|Left)$/.test(event) ? [event] : []));
  const blocked = async (expected: number) => {
    await until(
      'the joins wait for the database',
      () =>
        pool.query<{ pid: number }>(
          `SELECT pid FROM pg_locks WHERE relation = 'participants'::regclass AND NOT granted`,
        ),
      ({ rows }) => rows.length === expected,
    );
  };
  const lock = await pool.connect();
  t.teardown(() => lock.release());
  await lock.query('BEGIN');
  await lock.query('LOCK TABLE participants');

  const [ben, cleo] = [await Peer.connect(t, server.url), await Peer.connect(t, server.url)];
  const joining = ben.raw('join', { room: 'tea', displayName: 'Ben' });
  await blocked(1);
  const refused = await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'participants'::regclass AND NOT granted`,
  );
  t.equal(refused.rowCount, 1);
  t.match(await joining, { error: { code: 'unavailable' } });
  const late = cleo.request('join', { room: 'tea', displayName: 'Cleo' });
  // That Ben is out is to be recorded as well.
  await blocked(2);
  await ada.request('setPinned', {
    participantId: ada.joined.participantId,
    source: 'camera',
    pinned: false,
  });
  t.same(seen(), []);

  await lock.query('ROLLBACK');
  t.match(await late, { participants: [{ id: ada.joined.participantId }] });
  t.match(await ada.next('participantJoined'), { displayName: 'Cleo' });
  t.same(seen(), ['participantJoined'], 'Ben was never there');
});
