import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { ServerProcess } from '../support/server-process.ts';
import { anyToken, api, refusedUpgrade, tokenOf, tokenSettings, validate } from '../support/tokens.ts';

t.test('no token is in any log, at any level, whatever becomes of the request', async (t) => {
  const server = await ServerProcess.spawn(t, { ...tokenSettings, LOG_LEVEL: 'trace', WORKERS: '1' });
  const url = await server.ready();
  const good = await tokenOf('ada');
  const bad = await anyToken({ exp: 1 });
  const odd = 'no-token-at-all-0123456789';
  for (const token of [good, bad, odd]) {
    for (const path of ['/', '/nowhere', '/ws', '/api/v1/validate', '/api/v1/nowhere', '/api/v1/%ff', '/%']) {
      await fetch(`${url}${path}?access_token=${token}`);
      await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    }
    await fetch(`${url}/api/v1/revocations?access_token=${token}`, { method: 'POST', body: '{' });
    await fetch(`${url}/api/v1/users/ada/streams?x=%22access_token=${token}`);
    await validate(url, token);
  }
  const peer = await Peer.connect(t, url, { token: good });
  await peer.request('refreshToken', { token: await tokenOf('ada') });
  await t.rejects(peer.request('refreshToken', { token: bad }), { code: 'unauthorized' });
  await peer.raw('refreshToken', { token: [odd] });
  await peer.request('join', { room: 'tea', displayName: 'Ada' });
  peer.socket.terminate();
  for (const token of [bad, odd]) await refusedUpgrade(url, token);

  server.child.kill('SIGTERM');
  await server.exited;
  const output = server.stdout.join('\n') + server.stderr;
  t.match(output, /"level":"debug"|"level":"trace"/, 'the log is as chatty as it gets');
  t.match(output, /participant joined/);
  for (const token of [good, bad, odd]) {
    const signature = token.slice(-20);
    t.notOk(output.includes(signature), 'neither it nor its end');
  }
  t.notOk(output.includes(api.secret));
});
