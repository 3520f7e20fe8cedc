import t from '../support/tap.ts';
import { newUser, Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { refusedUpgrade, tokenOf, tokenSettings, validate } from '../support/tokens.ts';

const production = { NODE_ENV: 'production', ...tokenSettings };

t.test('in development a guest joins, and looks at everything, but is no administrator', async (t) => {
  const { url } = await testServer(t);
  const cookie = await newUser(url);
  const answer = await fetch(`${url}/api/v1/validate`, { headers: { cookie } });
  const body = (await answer.json()) as { userId: string; guest: boolean; grants: Record<string, unknown> };
  t.match(body, {
    guest: true,
    grants: { roomJoin: true, canPublish: true, canSubscribe: true, roomList: true, statsRead: true },
  });
  t.match(body.grants, { roomCreate: true, streamsWrite: true, roomAdmin: false, hidden: false });
  const peer = await Peer.connect(t, url, { cookie });
  t.equal(peer.hello.userId, body.userId, 'the same user by both ways');
  t.equal(peer.hello.expiresInMs, undefined, 'a guest does not expire');
});

t.test('in production nobody comes in without a token', async (t) => {
  const { url } = await testServer(t, production);
  t.match(await refusedUpgrade(url), { status: 401, body: { code: 'unauthorized', message: /Send one/ } });
  t.match(await validate(url), { status: 401, body: { code: 'unauthorized' } });
  const page = await fetch(url);
  t.equal(page.status, 200);
  t.same(page.headers.getSetCookie(), [], 'and nobody becomes a guest');
  t.ok(await Peer.inRoom(t, url, 'tea', { token: await tokenOf('ada') }));
});

t.test('GUESTS=on lets guests into rooms in production, and nowhere else', async (t) => {
  const { url } = await testServer(t, { ...production, GUESTS: 'on' });
  t.match(await validate(url), {
    status: 200,
    body: {
      guest: true,
      grants: { roomJoin: true, roomList: false, statsRead: false, streamsWrite: false, roomAdmin: false },
    },
  });
  const squatting = await fetch(`${url}/api/v1/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'standup', emptyTtlMs: 86_400_000 }),
  });
  t.equal(squatting.status, 403, 'nobody keeps a name for themselves');
  t.ok(await Peer.inRoom(t, url, 'tea'));
});

t.test('GUESTS=off lets nobody in without a token in development either', async (t) => {
  const { url } = await testServer(t, { GUESTS: 'off', ...tokenSettings });
  t.match(await refusedUpgrade(url), { status: 401 });
  const cookie = { cookie: 'trivium_guest=guest:1.x' };
  t.match(await refusedUpgrade(url, undefined, cookie), { status: 401 });
});

t.test('a guest cannot become a user, nor a user a guest', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const guest = await Peer.connect(t, url);
  await t.rejects(guest.request('refreshToken', { token: await tokenOf('ada') }), { code: 'forbidden' });
  const cookie = await newUser(url);
  const ada = await Peer.connect(t, url, { cookie, token: await tokenOf('ada') });
  t.equal(ada.hello.userId, 'ada', 'a token comes before a cookie');
});
