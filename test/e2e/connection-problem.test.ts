import type { Page } from 'playwright-core';
import t, { type Test } from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, tile, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testRelay } from '../support/relay.ts';
import { testServer, type TestServer } from '../support/server.ts';

const clientDir = await builtClient();

const banner = (page: Page) => page.getByText('Connection problem');
const mark = (page: Page, name: string) => tile(page, name).getByText('Nothing arrives at present');

const seesMoving = async (page: Page, name: string) => {
  const before = await framesShown(page, name);
  await until(
    `${name} is seen`,
    () => framesShown(page, name),
    (frames) => frames > before + 5,
    40_000,
  );
};

/** Media stands still until it is let go on, as where a firewall lets nothing but TCP through. */
function stopMedia(t: Test, { workers }: TestServer): () => void {
  const worker = workers.workers[0]?.worker;
  if (!worker) throw new Error('there is no worker');
  const { pid } = worker;
  // It stands for a path that is cut, so it is not to be taken for a worker that hangs.
  worker.dump = () => Promise.resolve({} as Awaited<ReturnType<typeof worker.dump>>);
  const goOn = () => void process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGSTOP');
  t.teardown(goOn);
  return goOn;
}

t.test(
  'a lost network is said, tiles that stand still are marked, and both go when it is back',
  async (t) => {
    const server = await testServer(t, { WORKERS: '1' }, { clientDir });
    const relay = await testRelay(t, server.url);
    const browser = await testBrowser(t);
    const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
    await joinRoom(ada, relay.url, 'tea', 'Ada');
    await joinRoom(ben, server.url, 'tea', 'Ben');
    await seesMoving(ada, 'Ben');
    t.equal(await banner(ada).count(), 0);
    t.equal(await mark(ada, 'Ben').count(), 0);

    await t.test('media alone', async (t) => {
      const at = Date.now();
      const goOn = stopMedia(t, server);
      await Promise.all([banner(ada).waitFor(), mark(ada, 'Ben').waitFor()]);
      t.comment(`media: said after ${Date.now() - at} ms`);
      goOn();
      await Promise.all([
        banner(ada).waitFor({ state: 'detached', timeout: 40_000 }),
        mark(ada, 'Ben').waitFor({ state: 'detached', timeout: 40_000 }),
      ]);
      await seesMoving(ada, 'Ben');
      t.pass('and is no more');
    });

    await t.test('signalling alone', async (t) => {
      relay.cut();
      await banner(ada).waitFor();
      t.equal(await mark(ada, 'Ben').count(), 0, 'pictures go on');
      relay.mend();
      await banner(ada).waitFor({ state: 'detached' });
    });

    await t.test('somebody else’s network', async (t) => {
      await ben.evaluate(async () => {
        const { peerConnections } = window as unknown as { peerConnections: RTCPeerConnection[] };
        const open = peerConnections.filter(({ connectionState }) => connectionState !== 'closed');
        const senders = open.flatMap((connection) => connection.getSenders());
        await Promise.all(senders.map((sender) => sender.replaceTrack(null)));
      });
      await mark(ada, 'Ben').waitFor();
      const from = Date.now();
      const banners: number[] = [];
      await until(
        'so it stays',
        async () => {
          banners.push(await banner(ada).count());
          return Date.now() - from;
        },
        (ms) => ms > 5_000,
      );
      t.notOk(banners.some(Boolean), 'is not one’s own');
    });
  },
);

t.test('a browser without a network says so at once', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const { page, context } = await newPerson(await testBrowser(t));
  await joinRoom(page, server.url, 'tea', 'Ada');
  t.equal(await banner(page).count(), 0);
  await context.setOffline(true);
  await banner(page).waitFor();
  await context.setOffline(false);
  await banner(page).waitFor({ state: 'detached' });
});
