import t from '../support/tap.ts';
import { makeToken } from '../../server/identity/make-token.ts';
import { newUser, Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { publisher } from '../support/watching.ts';

t.test('it sets what PostgreSQL grants against what the workers forward', async (t) => {
  const { app, url, streams } = await testServer(t);
  const a = await publisher(t, url, 'tea');
  const b = await publisher(t, url, 'tea');
  const tab = await Peer.inRoom(t, url, 'tea', await newUser(url));
  await tab.request('consume', { producerId: a });
  await tab.request('consume', { producerId: b });
  await app.inject('/api/startstream/1');
  await streams.settled();
  const answer = await app.inject('/api/v1/audit/slots');
  t.equal(answer.statusCode, 200);
  t.match(answer.json(), {
    slots: 2,
    forwarded: 2,
    declared: 1,
    drift: [],
    selfCheck: { runs: 0, mended: 0 },
  });
});

t.test('in production it needs a token with statsRead', async (t) => {
  const api = { API_KEY: 'key', API_SECRET: '4f1c9a7be2d05836a1c4e7f90b2d6853' };
  const { app } = await testServer(t, { ...api, NODE_ENV: 'production' });
  const asked = async (video: { statsRead?: boolean }) => {
    const token = await makeToken(
      { userId: 'support', video, ttl: 600 },
      { key: api.API_KEY, secret: api.API_SECRET },
    );
    return app.inject({ url: '/api/v1/audit/slots', headers: { authorization: `Bearer ${token}` } });
  };
  t.equal((await app.inject('/api/v1/audit/slots')).statusCode, 401);
  t.equal((await asked({})).statusCode, 403);
  t.equal((await asked({ statsRead: true })).statusCode, 200);
});
