import t from '../support/tap.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const settings = { ...tokenSettings, NODE_ENV: 'production', GUESTS: 'on' };

const asking =
  ({ app }: TestServer, token?: string) =>
  async (method: 'GET' | 'PUT' | 'DELETE', userId: string, payload?: object) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const url = `/api/v1/users/${encodeURIComponent(userId)}/limit`;
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    const body = answer.body === '' ? undefined : answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, body };
  };

t.test('a user may read the own limit and never set it; others need a grant for every room', async (t) => {
  const server = await testServer(t, settings);
  const ada = asking(server, await tokenOf('ada', { roomJoin: true, roomAdmin: true }));
  const refused = { status: 403, body: { code: 'forbidden' } };
  t.same(await ada('GET', 'ada'), { status: 200, body: { maxVideoStreams: 3, setBy: 'default' } });
  t.match(await ada('PUT', 'ada', { maxVideoStreams: 16 }), refused);
  t.match(await ada('DELETE', 'ada'), refused);
  t.match(await ada('GET', 'ben'), refused);
  const oneRoom = asking(server, await tokenOf('host', { room: 'tea', streamsWrite: true, statsRead: true }));
  t.match(await oneRoom('GET', 'ada'), refused);
  t.match(await oneRoom('PUT', 'ada', { maxVideoStreams: 1 }), refused);
  const reader = asking(server, await tokenOf('support', { statsRead: true }));
  t.equal((await reader('GET', 'ada')).status, 200);
  t.match(await reader('PUT', 'ada', { maxVideoStreams: 1 }), refused);
  t.match(await asking(server)('PUT', 'ada', { maxVideoStreams: 1 }), refused, 'a guest');
  const backend = asking(server, await tokenOf('backend', { streamsWrite: true }));
  t.match(await backend('PUT', 'ada', { maxVideoStreams: 1 }), { status: 200, body: { maxVideoStreams: 1 } });
  t.match(await ada('GET', 'ada'), { body: { maxVideoStreams: 1, setBy: 'api' } });
  t.match(await reader('GET', 'ada'), { body: { maxVideoStreams: 1 } });
});

t.test('guests have the server’s limit', async (t) => {
  const server = await testServer(t, settings);
  const backend = asking(server, await tokenOf('backend', { streamsWrite: true }));
  const guest = `guest:${'0'.repeat(32)}`;
  t.match(await backend('PUT', guest, { maxVideoStreams: 1 }), {
    status: 400,
    body: { code: 'bad_request', detail: /guests have the server’s limit \(MAX_STREAMS_PER_USER\)/ },
  });
  t.same(await backend('GET', guest), { status: 200, body: { maxVideoStreams: 3, setBy: 'default' } });
  t.equal((await backend('DELETE', guest)).status, 204);
});

t.test('a limit is a whole number from 0 to 16', async (t) => {
  const server = await testServer(t, settings);
  const backend = asking(server, await tokenOf('backend', { streamsWrite: true }));
  for (const body of [
    {},
    { maxVideoStreams: -1 },
    { maxVideoStreams: 17 },
    { maxVideoStreams: 1.5 },
    { maxVideoStreams: '1' },
    { maxVideoStreams: null },
    { maxVideoStreams: 1, setBy: 'api' },
    [],
  ]) {
    t.match(
      await backend('PUT', 'ben', body),
      { status: 400, body: { code: 'bad_request' } },
      JSON.stringify(body),
    );
  }
  for (const maxVideoStreams of [0, 16]) {
    t.match(await backend('PUT', 'ben', { maxVideoStreams }), { status: 200, body: { maxVideoStreams } });
  }
  for (const userId of ['a/b', 'ü 😀', '%', '__proto__', '😀'.repeat(128)]) {
    t.match(await backend('PUT', userId, { maxVideoStreams: 2 }), { status: 200 }, userId);
    t.match(await backend('GET', userId), { body: { maxVideoStreams: 2 } });
  }
});
