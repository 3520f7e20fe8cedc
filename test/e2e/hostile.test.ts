import fc from 'fast-check';
import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { mutated } from '../support/mutations.ts';
import { Peer } from '../support/peer.ts';
import { vp8 } from '../support/rtp.ts';
import { testServer } from '../support/server.ts';

const clientDir = await builtClient();

t.test('a call goes on while somebody in the same room sends nonsense by the hundred', async (t) => {
  const unlimited = { MESSAGES_PER_SECOND: '1000000', MESSAGES_BURST: '1000000', WORKERS: '1' };
  const { url, workers } = await testServer(t, unlimited, { clientDir });
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  await joinRoom(ada, url, 'tea', 'Ada');
  await joinRoom(ben, url, 'tea', 'Ben');
  await until(
    'Ben sees Ada',
    () => framesShown(ben, 'Ada'),
    (frames) => frames > 5,
  );
  const pids = workers.workers.map(({ worker }) => worker.pid);

  const mallory = await Peer.inRoom(t, url, 'tea');
  const valid = { transportId: mallory.send.id, kind: 'video', source: 'camera', rtpParameters: vp8() };
  const attack = async (seed: number) => {
    const property = fc.asyncProperty(mutated(valid), async (data) => {
      const answer = await mallory.raw('produce', data);
      if (answer.ok) await mallory.raw('closeProducer', answer.data);
    });
    await fc.assert(property, { seed, numRuns: 100 });
    for (let i = 0; i < 50; i += 1) await mallory.answerTo('nonsense');
  };
  const before = await framesShown(ben, 'Ada');
  let batches = 0;
  await until(
    'pictures move on under attack',
    async () => {
      batches += 1;
      await attack(batches);
      return framesShown(ben, 'Ada');
    },
    // However few frames a slow machine shows in the time of a batch, some come between two of them.
    (frames) => batches > 1 && frames > before + 30,
  );
  t.comment(`${batches} times 150 messages of nonsense in the time of 30 frames`);
  t.same(
    workers.workers.map(({ worker }) => worker.pid),
    pids,
    'no worker died',
  );
});
