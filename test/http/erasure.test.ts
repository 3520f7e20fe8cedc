import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { createErasure } from '../../server/db/erasure.ts';
import { send, reportOf } from '../support/call-quality.ts';
import { declaredOf, testNode } from '../support/ledger.ts';
import { Peer } from '../support/peer.ts';
import { stoppableDatabase, testDatabase, type TestDatabase } from '../support/postgres.ts';
import { asking, askingWith, problem, production } from '../support/rest.ts';
import { lastWritten, testServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

const historyOf = (userId: string) => `/users/${encodeURIComponent(userId)}/history`;
const host = { roomAdmin: true };

/** Where in the database a text is, in whatever letters: `table.column: value`. */
async function placesOf({ pool }: TestDatabase, text: string): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ place: string }>(
      `SELECT '${name}.' || key || ': ' || value AS place FROM ${name} r, jsonb_each_text(to_jsonb(r))
       WHERE value ILIKE '%' || $1 || '%'`,
      [text],
    );
    found.push(...rows.map(({ place }) => place));
  }
  return found.sort();
}

t.test('a person is named nowhere any more, and the calls keep their shape', async (t) => {
  const database = await testDatabase(t);
  const server = await testServer(t, tokenSettings, { database });
  const ask = await askingWith(server, { ...host, statsRead: true });
  const person = (userId: string, name: string) => tokenOf(userId, { roomJoin: true }, name);
  const ada = await Peer.inRoom(t, server.url, 'tea', { token: await person('u-4711', 'Ada Lovelace') });
  const ben = await Peer.inRoom(t, server.url, 'tea', { token: await person('ben', 'Ben') });
  const { id: consumerId } = await ada.request('consume', { producerId: await camera(ben) });
  const watched = await ben.request('consume', { producerId: await camera(ada) });
  await ada.request('closeConsumer', { consumerId });
  await ben.request('closeConsumer', { consumerId: watched.id });
  const declared = await ask('POST', '/users/u-4711/streams', { label: 'TV of Lovelace' });
  t.equal(declared.status, 403);
  const own = asking(server, await person('u-4711', 'Ada Lovelace'));
  const { body } = await own('POST', '/users/u-4711/streams', { label: 'TV of Lovelace' });
  await own('DELETE', `/users/u-4711/streams/${String(body['id'])}`);
  await send(server, reportOf({ roomName: 'tea', participant: 'Ada Lovelace' }));
  await send(server, reportOf({ roomName: 'elsewhere', participant: 'u-4711' }));
  await send(server, reportOf({ roomName: 'another', participant: 'Ada Lovelace' }));
  await server.recorder.sampler.sample();
  for (const peer of [ada, ben]) await peer.request('leave', {});
  await server.streams.settled();
  await lastWritten(server.recorder);
  const room = `/rooms/${ada.joined.room.id}`;
  await ask('DELETE', room);
  const before = {
    people: (await ask('GET', `${room}/participants?state=all`)).body['participants'] as object[],
    summary: (await ask('GET', `${room}/summary`)).body,
    history: (await ask('GET', '/users/ben/streams/history')).body['streams'] as object[],
  };
  t.equal((await placesOf(database, 'Lovelace')).length, 4);

  const answer = await ask('DELETE', historyOf('u-4711'));
  t.match(answer, {
    status: 200,
    body: {
      erased: { call_quality_reports: 2, streams: 2, participants: 1, slots: 3 },
      open: {},
    },
  });
  t.same(await placesOf(database, 'u-4711'), []);
  t.same(
    await placesOf(database, 'Lovelace'),
    ['call_quality_reports.participant: Ada Lovelace'],
    'a namesake',
  );
  const people = (await ask('GET', `${room}/participants?state=all`)).body['participants'] as object[];
  const pseudonym = { userId: /^erased:[0-9a-f]{32}$/, displayName: 'Erased participant' };
  t.equal(people.length, 2);
  for (const [n, was] of before.people.entries()) {
    t.match(people[n], 'userId' in was && was.userId === 'u-4711' ? { ...was, ...pseudonym } : was);
  }
  t.equal((await ask('GET', `${room}/summary`)).status, 200);
  t.match((await ask('GET', '/users/ben/streams/history')).body['streams'], [
    { ...before.history[0], publisherName: 'Erased participant' },
  ]);
  t.same((await ask('GET', '/users/u-4711/streams/history')).body, { streams: [] });
  t.match(await ask('DELETE', historyOf('u-4711')), { status: 200, body: { erased: {}, open: {} } }, 'again');
  t.match(await own('POST', '/users/u-4711/streams', {}), { status: 201 }, 'they may come back');
});

t.test('what is under way stays until it is over, and is said', async (t) => {
  const database = await testDatabase(t);
  const server = await testServer(t, tokenSettings, { database });
  const ask = await askingWith(server, host);
  const token = await tokenOf('u-4712', { roomJoin: true }, 'Lovelace');
  const first = await Peer.inRoom(t, server.url, 'tea', { token });
  await first.request('leave', {});
  await server.rooms.recorded();
  const ada = await Peer.inRoom(t, server.url, 'tea', { token });
  const ben = await Peer.inRoom(t, server.url, 'tea');
  const consumer = await ada.request('consume', { producerId: await camera(ben) });
  const open = { participants: 1, streams: 1, slots: 1 };
  t.match((await ask('DELETE', historyOf('u-4712'))).body, { erased: { participants: 1, slots: 2 }, open });
  t.match(await ada.request('closeConsumer', { consumerId: consumer.id }), {}, 'the call goes on');
  await ada.request('leave', {});
  await server.streams.settled();
  await server.rooms.recorded();
  t.match((await ask('DELETE', historyOf('u-4712'))).body, {
    erased: { participants: 1, streams: 1, slots: 1 },
    open: {},
  });
  t.same(await placesOf(database, 'u-4712'), []);
});

t.test('who was kept out is kept out still, also after a restart', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, tokenSettings, { database, faults: true });
  const ask = await askingWith(server, host);
  const [revoked, removed] = [await tokenOf('u-4712'), await tokenOf('u-4713')];
  const admin = await tokenOf('host', { roomJoin: true, roomAdmin: true });
  const hosting = await Peer.inRoom(t, server.url, 'tea', { token: admin });
  const bob = await Peer.inRoom(t, server.url, 'tea', { token: removed });
  await hosting.request('removeParticipant', { participantId: bob.joined.participantId });
  t.equal((await ask('POST', '/revocations', { userId: 'u-4712' })).status, 204);
  for (const userId of ['u-4712', 'u-4713']) t.equal((await ask('DELETE', historyOf(userId))).status, 200);
  t.same(await placesOf(database, 'u-4712'), []);
  t.same(await placesOf(database, 'u-4713'), []);

  const keepsOut = async (url: string) => {
    t.match(await refusedUpgrade(url, revoked), { status: 401 });
    const again = await Peer.connect(t, url, { token: removed });
    await t.rejects(again.request('join', { room: 'tea', displayName: 'Bob' }), { code: 'forbidden' });
  };
  await keepsOut(server.url);
  const restarted = await testServer(
    t,
    { ...tokenSettings, NODE_ID: 'other', SHARED_DATABASE: 'on' },
    { database, faults: true },
  );
  await restarted.revocations.refresh();
  await keepsOut(restarted.url);

  t.equal((await ask('POST', '/revocations', { userId: 'u-4712' })).status, 204);
  t.match(
    (await ask('DELETE', historyOf('u-4712'))).body,
    { erased: { revocations: 1 } },
    'twice is no matter',
  );
  await keepsOut(restarted.url);
});

t.test('only administrators of every room may erase, not even oneself', async (t) => {
  const server = await testServer(t, production);
  for (const video of [
    { roomJoin: true },
    { ...host, room: 'tea' },
    { statsRead: true, streamsWrite: true },
  ]) {
    const ask = await askingWith(server, video, 'ada');
    t.match(await ask('DELETE', historyOf('ada')), problem(403, 'forbidden'));
  }
  t.match(await asking(server, undefined)('DELETE', historyOf('ada')), problem(401, 'unauthorized'));
  const ask = await askingWith(server, host);
  t.match(await ask('DELETE', historyOf('nobody we know')), { status: 200, body: { erased: {}, open: {} } });
  t.match(await ask('DELETE', '/users/%00/history'), problem(400, 'bad_request'));
});

t.test('a long history goes in batches, and can be ended half way', async (t) => {
  const { pool } = await testDatabase(t);
  await testNode(pool);
  await pool.query(
    `INSERT INTO streams (id, user_id, origin, label, started_at, ended_at, end_reason)
     SELECT gen_random_uuid(), 'ada', 'declared', 'TV', now(), now(), 'stopped' FROM generate_series(1, 1200)`,
  );
  const left = async () => (await pool.query(`SELECT FROM streams WHERE user_id = 'ada'`)).rowCount;
  const erasure = createErasure(pool);
  t.equal(await erasure.erase('ada', AbortSignal.abort()), undefined);
  t.equal(await left(), 1200);
  const both = await Promise.all([0, 1].map(() => erasure.erase('ada', new AbortController().signal)));
  t.equal(
    both.reduce((sum, done) => sum + (done?.erased['streams'] ?? 0), 0),
    1200,
    'by two at once each is erased once',
  );
  t.equal(await left(), 0);
});

t.test('without the database it says so', async (t) => {
  const database = await stoppableDatabase(t);
  const server = await testServer(t, tokenSettings, { database, faults: true });
  const ask = await askingWith(server, host);
  await database.stop();
  t.match(await ask('DELETE', historyOf('ada')), problem(503, 'unavailable'));
});

t.test('starts and erasures at once: exactly as many are granted as there are slots', async (t) => {
  const { pool } = await testDatabase(t);
  const { ledger } = await testNode(pool);
  const erasure = createErasure(pool);
  for (let round = 0; round < 10; round += 1) {
    const userId = randomUUID();
    const starts = Array.from({ length: 6 }, () => ledger.acquire(declaredOf(userId)));
    const erasing = [0, 1].map(() => erasure.erase(userId, new AbortController().signal));
    const granted = (await Promise.all(starts)).filter((start) => start.granted);
    await Promise.all(erasing);
    t.equal(granted.length, 3);
  }
});
