import { once } from 'node:events';
import type { types } from 'mediasoup';
import t from '../support/tap.ts';
import { BrokenCall } from '../support/broken-call.ts';
import { chromiumPath, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { Network } from '../support/network.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { counts } from '../support/watching.ts';

const clientDir = await builtClient();

t.test('a call goes on by another network, and where UDP is blocked', async (t) => {
  const network = await Network.create(t);
  const server = await testServer(t, { HOST: network.host, ANNOUNCED_ADDRESS: network.host }, { clientDir });
  const { url } = server;
  // Away from localhost, browsers give the camera by https only.
  const more = [`--unsafely-treat-insecure-origin-as-secure=${url}`];
  const [far, near] = await Promise.all([
    testBrowser(t, { executablePath: await network.program(t, chromiumPath()), more }),
    testBrowser(t, { whole: true, more }),
  ]);
  const call = await BrokenCall.of({ browser: far, url }, { browser: near, url });
  const present = [...(server.rooms.find('tea')?.participants.keys() ?? [])];
  await t.test('after a gap the picture is sent anew, before the browser asks for that', async () => {
    const [hers, his] = [cameraOf(server, 'Ada'), cameraOf(server, 'Ben')];
    await his.enableTraceEvent(['pli']);
    await network.cut();
    while (hers.score.some(({ score }) => score > 0)) await once(hers, 'score');
    const asked = once(his, 'trace');
    await network.mend();
    await asked;
  });
  const breaks = {
    'another address': () => network.changeAddress(),
    'no UDP': () => network.cut('udp'),
  };
  for (const [what, begin] of Object.entries(breaks)) {
    const { audioMs, videoMs } = await call.harmOf(begin);
    t.comment(`${what}: sound is back after ${audioMs} ms, video after ${videoMs} ms`);
    // Two videos and two sounds.
    await until(
      'the slots are as they were',
      () => counts(server),
      ({ slots, forwarded }) => slots === 2 && forwarded === 4,
    );
    t.same([...(server.rooms.find('tea')?.participants.keys() ?? [])], present, 'nobody had to join anew');
  }
});

function cameraOf({ rooms }: TestServer, displayName: string): types.Producer {
  const present = [...(rooms.find('tea')?.participants.values() ?? [])];
  const publications = [
    ...(present.find((one) => one.displayName === displayName)?.publications.values() ?? []),
  ];
  const camera = publications.find(({ source }) => source === 'camera');
  if (!camera) throw new Error(`${displayName} has no camera`);
  return camera.producer;
}
