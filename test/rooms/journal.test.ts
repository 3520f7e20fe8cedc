import t from '../support/tap.ts';
import { until } from '../support/browser.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';

t.test('what the database would not take is written once it does', async (t) => {
  const database = await testDatabase(t);
  const { url, rooms } = await testServer(t, {}, { database });
  const ada = await Peer.inRoom(t, url, 'tea');
  const room = rooms.find('tea');
  await database.pool.query('ALTER TABLE participants RENAME TO participants_away');
  await database.pool.query('ALTER TABLE room_sessions RENAME TO room_sessions_away');
  await ada.request('leave', {});
  room?.update({ locked: true });
  room?.close('room_closed');
  await rooms.recorded();
  await database.pool.query('ALTER TABLE participants_away RENAME TO participants');
  await database.pool.query('ALTER TABLE room_sessions_away RENAME TO room_sessions');
  const read = async () => {
    const { rows } = await database.pool.query<Record<string, unknown>>(
      `SELECT locked, ended_at IS NOT NULL AS over, leave_reason
       FROM room_sessions s JOIN participants p ON p.session_id = s.id`,
    );
    return rows;
  };
  const rows = await until(
    'the journal has it',
    read,
    ([row]) => row?.['over'] === true && row['locked'] === true,
  );
  t.same(rows, [{ locked: true, over: true, leave_reason: 'left' }]);
});
