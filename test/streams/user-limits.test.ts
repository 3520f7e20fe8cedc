import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import type { VideoGrant } from '../../server/identity/claims.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { anyToken, tokenOf, tokenSettings } from '../support/tokens.ts';
import { both, counts, publisher } from '../support/watching.ts';

const now = Math.floor(Date.now() / 1000);
/** A token for calls that was issued so many seconds ago. */
const issued = (secondsAgo: number, userId: string, video: VideoGrant = {}) =>
  anyToken({ sub: userId, iat: now - secondsAgo, video: { roomJoin: true, ...video } });

/** Asks the REST API as somebody. */
const asking =
  ({ app }: TestServer, token: string) =>
  async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const url = `/api/v1/users/${path}`;
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    const body = answer.body === '' ? undefined : answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, body };
  };

const backendOf = async (server: TestServer) =>
  asking(server, await tokenOf('backend', { streamsWrite: true, statsRead: true }));

/** The limit that is in force, once what the token says is known. */
async function limitBy(server: TestServer, token: string, userId: string) {
  return (await asking(server, token)('GET', `${userId}/limit`)).body;
}

t.test('a user’s limit holds for whoever declares a stream for the user', async (t) => {
  const server = await testServer(t, tokenSettings);
  const backend = await backendOf(server);
  await Peer.connect(t, server.url, { token: await issued(10, '7', { maxVideoStreams: 1 }) });
  t.match(await backend('POST', '7/streams'), { status: 201 });
  t.match(await backend('POST', '7/streams'), {
    status: 409,
    body: { code: 'stream_limit', limit: 1, current: 1 },
  });
  const older = await server.app.inject('/api/startstream/7');
  t.same(older.json(), { streamStatus: { isNewStreamAllowed: false, streamCount: 1 } });
  const { body } = await backend('GET', '7/streams');
  t.match(body, { limit: 1, streams: [{}] });
  const [{ id } = { id: '' }] = body?.['streams'] as { id: string }[];
  await backend('DELETE', `7/streams/${id}`);
  t.same((await server.app.inject('/api/startstream/7')).json(), {
    streamStatus: { isNewStreamAllowed: true, streamCount: 1 },
  });
  t.match(await backend('POST', '7/streams', { onLimit: 'replace_oldest' }), { status: 201 });
  const last = (await backend('GET', '7/streams')).body;
  t.match(last, { limit: 1, streams: [{ origin: 'declared' }] });
  for (const held of last?.['streams'] as { id: string }[]) await backend('DELETE', `7/streams/${held.id}`);
});

t.test('it holds in every tab of the user, which all learn of it', async (t) => {
  const server = await testServer(t, tokenSettings);
  const cameras = await Promise.all(Array.from({ length: 4 }, () => publisher(t, server.url, 'tea')));
  const tab = async (secondsAgo: number, video: VideoGrant) =>
    Peer.inRoom(t, server.url, 'tea', { token: await issued(secondsAgo, 'ada', video) });
  const older = await tab(20, { maxVideoStreams: 4 });
  for (const producerId of cameras.slice(0, 3)) await older.request('consume', { producerId });
  const newer = await tab(10, { maxVideoStreams: 1 });
  await older.next('streams', ({ limit, streams }) => limit === 1 && streams.length === 1);
  await newer.next('streams', ({ limit, streams }) => limit === 1 && streams.length === 1);
  t.same(await counts(server), both(1), 'what was started last has ended');
  for (const one of [older, newer]) {
    const refused = await one.raw('consume', { producerId: cameras[3] });
    t.match(refused, { error: { code: 'stream_limit', limit: 1, current: 1 } });
  }
  const refreshed = await older.raw('refreshToken', {
    token: await issued(15, 'ada', { maxVideoStreams: 4 }),
  });
  t.ok(refreshed.ok, 'a token that is not the newest is fine, and changes nothing');
  t.match(await newer.raw('consume', { producerId: cameras[3] }), { error: { limit: 1 } });
  await newer.request('refreshToken', { token: await issued(5, 'ada', { maxVideoStreams: 3 }) });
  t.ok((await older.raw('consume', { producerId: cameras[3] })).ok, 'a newer one holds at once');
  await older.next('streams', ({ limit, streams }) => limit === 3 && streams.length === 2);
});

t.test('the server’s own choice keeps to a limit that changes', async (t) => {
  const server = await testServer(t, tokenSettings);
  const backend = await backendOf(server);
  for (let camera = 0; camera < 4; camera += 1) await publisher(t, server.url, 'tea');
  const token = await issued(0, 'ada');
  const viewer = await Peer.inRoom(t, server.url, 'tea', { token }, { autoSubscribe: true });
  await viewer.next('streams', ({ streams }) => streams.length === 3);
  await backend('PUT', 'ada/limit', { maxVideoStreams: 1 });
  await viewer.next('streams', ({ limit, streams }) => limit === 1 && streams.length === 1);
  t.same(await counts(server), both(1));
  await backend('PUT', 'ada/limit', { maxVideoStreams: 4 });
  await viewer.next('streams', ({ limit, streams }) => limit === 4 && streams.length === 4);
  t.same(await counts(server), both(4));
  await backend('DELETE', 'ada/limit');
});

t.test('the newest token counts, in whatever order tokens come', async (t) => {
  const server = await testServer(t, tokenSettings);
  const limitOf = async (userId: string, ...tokens: Promise<string>[]) => {
    for (const token of tokens) await limitBy(server, await token, userId);
    return (await backendOf(server))('GET', `${userId}/limit`);
  };
  const four = (secondsAgo: number, user: string) => issued(secondsAgo, user, { maxVideoStreams: 4 });
  const two = (secondsAgo: number, user: string) => issued(secondsAgo, user, { maxVideoStreams: 2 });
  const told = (maxVideoStreams: number, setBy: string) => ({ body: { maxVideoStreams, setBy } });
  t.match(await limitOf('ben', four(20, 'ben'), two(10, 'ben')), told(2, 'token'));
  t.match(await limitOf('cleo', two(10, 'cleo'), four(20, 'cleo')), told(2, 'token'));
  t.match(
    await limitOf('dan', two(10, 'dan'), four(10, 'dan')),
    told(2, 'token'),
    'of two at once the lower',
  );
  t.match(await limitOf('eve', four(10, 'eve'), two(10, 'eve')), told(2, 'token'));
  t.match(
    await limitOf('fay', two(20, 'fay'), issued(10, 'fay')),
    told(3, 'default'),
    'none is the server’s',
  );
  t.match(await limitOf('gus', issued(10, 'gus'), two(20, 'gus')), told(3, 'default'));
  t.match(await limitOf('hal', issued(10, 'hal'), four(10, 'hal')), told(3, 'default'));
  const elsewhere = anyToken({ sub: 'ivy', video: { statsRead: true } });
  t.match(
    await limitOf('ivy', two(20, 'ivy'), elsewhere),
    told(2, 'token'),
    'one for something else says nothing',
  );
  const publishing = anyToken({ sub: 'jo', video: { roomJoin: true, canSubscribe: false } });
  t.match(await limitOf('jo', two(20, 'jo'), publishing), told(2, 'token'));
  t.match(
    await limitOf(
      'kim',
      anyToken({ sub: 'kim', iat: undefined, video: { maxVideoStreams: 1 } }),
      four(9, 'kim'),
    ),
    told(4, 'token'),
    'one without a time is old',
  );
});

t.test('what is set over REST beats tokens issued until then', async (t) => {
  const server = await testServer(t, tokenSettings);
  const backend = await backendOf(server);
  const ahead = issued(-20, 'leo', { maxVideoStreams: 4 });
  t.match(await limitBy(server, await ahead, 'leo'), { maxVideoStreams: 4, setBy: 'token' });
  t.match(await backend('PUT', 'leo/limit', { maxVideoStreams: 1 }), {
    status: 200,
    body: { maxVideoStreams: 1, setBy: 'api', since: String },
  });
  t.match(await limitBy(server, await ahead, 'leo'), { maxVideoStreams: 1, setBy: 'api' });
  t.match(
    await limitBy(server, await issued(0, 'leo', { maxVideoStreams: 5 }), 'leo'),
    { maxVideoStreams: 1 },
    'also one that comes later',
  );
  t.match(
    await limitBy(server, await issued(-22, 'leo'), 'leo'),
    { maxVideoStreams: 1 },
    'one that leaves it to the server says nothing against it',
  );
  t.match(await limitBy(server, await issued(-25, 'leo', { maxVideoStreams: 2 }), 'leo'), {
    maxVideoStreams: 2,
    setBy: 'token',
  });
  await backend('PUT', 'leo/limit', { maxVideoStreams: 6 });
  t.match((await backend('GET', 'leo/limit')).body, { maxVideoStreams: 6, setBy: 'api' });
  t.equal((await backend('DELETE', 'leo/limit')).status, 204);
  t.match(
    (await backend('GET', 'leo/limit')).body,
    { maxVideoStreams: 2, setBy: 'token' },
    'the newest token’s',
  );
  t.equal((await backend('DELETE', 'leo/limit')).status, 204, 'twice is as well');

  await backend('PUT', 'mia/limit', { maxVideoStreams: 5 });
  await backend('DELETE', 'mia/limit');
  t.same((await backend('GET', 'mia/limit')).body, { maxVideoStreams: 3, setBy: 'default' });
  const { rowCount } = await server.database.pool.query(`SELECT FROM user_limits WHERE user_id = 'mia'`);
  t.equal(rowCount, 0, 'nothing is kept of one of whom nothing is said');
});

t.test('a limit that one server sets holds on another at its next start', async (t) => {
  const database = await testDatabase(t);
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) =>
      // What the other one forwards it ends at its next renewal.
      testServer(
        t,
        { ...tokenSettings, SHARED_DATABASE: 'on', NODE_ID: `${name}-${randomUUID()}` },
        { database, faults: true },
      ),
    ),
  );
  if (!one || !other) throw new Error('there are two');
  const cameras = await Promise.all(Array.from({ length: 3 }, () => publisher(t, other.url, 'tea')));
  const viewer = await Peer.inRoom(t, other.url, 'tea', { token: await issued(10, 'ada') });
  await viewer.request('consume', { producerId: cameras[0] ?? '' });
  await (
    await backendOf(one)
  )('PUT', 'ada/limit', { maxVideoStreams: 1 });
  t.match(await viewer.raw('consume', { producerId: cameras[1] }), {
    error: { code: 'stream_limit', limit: 1, current: 1 },
  });
  await viewer.next('streams', ({ limit }) => limit === 1);
  await (
    await backendOf(one)
  )('PUT', 'ada/limit', { maxVideoStreams: 2 });
  t.ok((await viewer.raw('consume', { producerId: cameras[1] })).ok);
});

t.test('a token that comes while the database is away holds as soon as that is back', async (t) => {
  let away = true;
  const server = await testServer(t, tokenSettings, {
    faults: true,
    wrapLedger: (real) => ({
      ...real,
      changeLimit: (userId, change) =>
        away
          ? Promise.reject(new Error('Connection terminated unexpectedly'))
          : real.changeLimit(userId, change),
    }),
  });
  const producerId = await publisher(t, server.url, 'tea');
  const token = await issued(10, 'ned', { maxVideoStreams: 0 });
  const viewer = await Peer.inRoom(t, server.url, 'tea', { token });
  t.match(await viewer.raw('consume', { producerId }), { error: { code: 'unavailable' } });
  t.ok((await viewer.raw('refreshToken', { token })).ok, 'what needs no slot goes on');
  away = false;
  await server.leases.round();
  await viewer.next('streams', ({ limit }) => limit === 0);
  t.match(await viewer.raw('consume', { producerId }), { error: { code: 'stream_limit', limit: 0 } });
});
