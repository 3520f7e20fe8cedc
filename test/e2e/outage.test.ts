import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import {
  connectionStates,
  framesShown,
  joinRoom,
  newPerson,
  testBrowser,
  tile,
  until,
  watchedOn,
} from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testRelay } from '../support/relay.ts';
import { testServer, type TestServer } from '../support/server.ts';

const clientDir = await builtClient();

/** The streams that hold slots of those who are in a server's rooms. */
const heldIn = async ({ database, rooms }: TestServer): Promise<string[]> => {
  const present = [...rooms.rooms].flatMap(({ participants }) => [...participants.values()]);
  const { rows } = await database.pool.query<{ stream_id: string }>(
    'SELECT stream_id FROM slots WHERE user_id = ANY($1) AND stream_id IS NOT NULL ORDER BY 1',
    [present.map(({ userId }) => userId)],
  );
  return rows.map(({ stream_id }) => stream_id);
};

/** Until each sees the other: then each holds a slot. */
async function bothSee(ada: Page, ben: Page): Promise<void> {
  for (const [page, other] of [
    [ada, 'Ben'],
    [ben, 'Ada'],
  ] as const) {
    await until(
      `${other} is seen`,
      () => framesShown(page, other),
      (frames) => frames > 5,
    );
  }
}

t.test(
  'a connection that breaks comes back to the same place: pictures go on, no slot changes',
  async (t) => {
    const server = await testServer(t, {}, { clientDir });
    const browser = await testBrowser(t);
    const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
    await joinRoom(ada, server.url, 'tea', 'Ada');
    await joinRoom(ben, server.url, 'tea', 'Ben');
    await bothSee(ada, ben);
    const before = await heldIn(server);
    t.equal(before.length, 2);
    for (const socket of server.app.websocketServer.clients) socket.terminate();
    const frames = await framesShown(ben, 'Ada');
    await until(
      'pictures go on',
      () => framesShown(ben, 'Ada'),
      (now) => now > frames + 10,
    );
    await ada.getByRole('button', { name: 'Microphone' }).click();
    await tile(ben, 'Ada').getByText('muted').first().waitFor({ state: 'attached' });
    t.same(await heldIn(server), before, 'the same streams hold the same slots');
  },
);

t.test('an outage of signalling and media together, longer than ICE waits, keeps the place', async (t) => {
  // However late a slow machine notices that the path is gone.
  const server = await testServer(t, { WORKERS: '1', RESUME_GRACE_MS: '120000' }, { clientDir });
  const relay = await testRelay(t, server.url);
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada, relay.url, 'tea', 'Ada');
  await joinRoom(ben, relay.url, 'tea', 'Ben');
  await bothSee(ada, ben);
  const before = await heldIn(server);
  t.equal(before.length, 2);
  const present = [...([...server.rooms.rooms][0]?.participants.keys() ?? [])];

  const worker = server.workers.workers[0]?.worker;
  if (!worker) throw new Error('there is no worker');
  const { pid } = worker;
  // It stands for a path that is cut, so it is not to be taken for a worker that hangs: its probes are answered.
  worker.dump = () => Promise.resolve({} as Awaited<ReturnType<typeof worker.dump>>);
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  relay.cut();
  await ben.getByText('Connecting again').first().waitFor();
  // ICE calls the path `disconnected` after some 6 s; 3 s later it is looked for anew.
  await until(
    'ICE gives the path up',
    () => connectionStates(ben),
    (states) => states.includes('disconnected'),
    30_000,
  );
  const givenUp = Date.now();
  await until(
    'and for a while longer',
    () => Promise.resolve(Date.now() - givenUp),
    (ms) => ms > 4_000,
  );
  process.kill(pid, 'SIGCONT');
  relay.mend();

  const frames = await framesShown(ben, 'Ada');
  await until(
    'pictures go on',
    () => framesShown(ben, 'Ada'),
    (now) => now > frames + 10,
    40_000,
  );
  await until(
    'for both',
    () => watchedOn(ada, ['Ben']),
    ({ length }) => length === 1,
    40_000,
  );
  t.same(await heldIn(server), before, 'the same streams hold the same slots');
  t.same([...([...server.rooms.rooms][0]?.participants.keys() ?? [])], present, 'nobody had to join anew');
});
