import { once } from 'node:events';
import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import { refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';
import { keptWarnings } from '../support/warnings.ts';

const settings = { ...tokenSettings, TRUST_PROXY: '127.0.0.1' };
const office = { forwardedFor: '192.0.2.1' };
const fromOffice = { 'x-forwarded-for': office.forwardedFor };

t.test('one address has so many sockets open, of guests and of users', async (t) => {
  const clock = new TestClock();
  const { log, warnings } = keptWarnings();
  const server = await testServer(t, { ...settings, SOCKETS_PER_ADDRESS: '3' }, { clock, log });
  const { app, url } = server;
  const token = await tokenOf('ada');
  const peers = [
    await Peer.connect(t, url, office),
    await Peer.connect(t, url, { ...office, token }),
    await Peer.inRoom(t, url, 'tea', office),
  ];
  const refusal = {
    code: 'rate_limited',
    message:
      'Too many connections are open from your network address (3 of 3). Close a tab, or try again in 10 s.',
    limit: 3,
    current: 3,
    retryAfterMs: 10_000,
  };
  for (const who of [undefined, token]) {
    t.same(await refusedUpgrade(url, who, fromOffice), { status: 429, body: refusal });
  }
  await Peer.connect(t, url, { forwardedFor: '192.0.2.2' });
  const why = await app.inject({ url: '/api/v1/validate', headers: fromOffice });
  t.match([why.statusCode, why.json()], [429, { code: 'rate_limited', detail: refusal.message }]);
  t.equal((await app.inject('/api/v1/validate')).statusCode, 200);

  const told = () => warnings.map(({ address, limit, refused, msg }) => ({ address, limit, refused, msg }));
  const line = { address: '192.0.2.1', limit: 3, msg: /SOCKETS_PER_ADDRESS/ };
  t.match(told(), [{ ...line, refused: 1 }]);
  t.equal(warnings.length, 1, 'a flood does not fill the log');
  clock.advance(60_000);
  await refusedUpgrade(url, undefined, fromOffice);
  t.match(told(), [
    { ...line, refused: 1 },
    { ...line, refused: 2 },
  ]);
  t.equal((await Scrape.of(server)).value('trivium_sockets_refused_total'), 3);

  const [first] = peers;
  first?.socket.close(1000);
  await once(first?.socket ?? t, 'close');
  t.ok(await untilLetIn(() => Peer.connect(t, url, office)), 'what has closed counts no more');
});

t.test('what is refused for another reason does not count', async (t) => {
  const { url } = await testServer(t, { ...settings, SOCKETS_PER_ADDRESS: '1' });
  for (let times = 0; times < 3; times += 1) {
    const refused = await refusedUpgrade(url, undefined, { ...fromOffice, origin: 'https://evil.example' });
    t.equal(refused.status, 403);
    t.equal((await refusedUpgrade(url, 'no token', fromOffice)).status, 401);
  }
  t.ok(await Peer.connect(t, url, office));
});

/** The server learns a moment later than its client that a socket has closed. */
async function untilLetIn<T>(connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!String(error).includes('429')) throw error;
    }
  }
}
