import type { types } from 'mediasoup-client';
import t from '../support/tap.ts';
import { LocalTracks } from '../../client/sdk/local-tracks.ts';
import type { Link } from '../../client/sdk/link.ts';
import { FakeTrack } from '../support/fake-track.ts';

/** A connection that takes every track, and what it was asked for. */
function fakeLink() {
  const asked: string[] = [];
  let made = 0;
  const link = {
    hasMedia: true,
    isReachable: true,
    publish: () => {
      made += 1;
      const producer = {
        id: `p${made}`,
        closed: false,
        close: () => (producer.closed = true),
        pause() {},
        resume() {},
      };
      return Promise.resolve(producer as unknown as types.Producer);
    },
    request: (method: string, { producerId }: { producerId: string }) => {
      asked.push(`${method} ${producerId}`);
      return Promise.resolve({});
    },
  };
  return { link: link as unknown as Link, asked };
}

function localTracks() {
  const told: string[] = [];
  const problems: unknown[] = [];
  const local = new LocalTracks({
    changed: () => undefined,
    problem: (error) => problems.push(error),
    stopped: (source, why) => told.push(`${source}: ${why.message}`),
  });
  const { link, asked } = fakeLink();
  local.attach(link);
  return { local, asked, told, problems };
}

for (const source of ['camera', 'microphone', 'screen_share'] as const) {
  t.test(`a track that ends is withdrawn, and it is said: ${source}`, async (t) => {
    const { local, asked, told, problems } = localTracks();
    const device = new FakeTrack();
    if (source === 'screen_share') await local.publishScreen({ video: device.asTrack, audio: undefined });
    else await local.publish(device.asTrack, source);
    t.ok(local.publications.has(source));
    device.end();
    await new Promise((resolve) => setImmediate(resolve));
    t.same([...local.publications.keys()], []);
    t.same(asked, ['closeProducer p1']);
    t.match(told, [new RegExp(`^${source}: The .* has stopped\\.`)]);
    t.same(problems, []);
  });
}

t.test('a track that one takes back oneself, or replaces, is not told as ended', async (t) => {
  const { local, asked, told } = localTracks();
  const [first, second] = [new FakeTrack(), new FakeTrack()];
  await local.publish(first.asTrack, 'camera');
  await local.publish(second.asTrack, 'camera');
  first.end();
  await local.unpublish('camera');
  second.end();
  t.same(asked, ['closeProducer p1', 'closeProducer p2']);
  t.same(told, []);
});

t.test('a track that has ended before it is published is refused', async (t) => {
  const { local, asked } = localTracks();
  const device = new FakeTrack();
  device.stop();
  await t.rejects(local.publish(device.asTrack, 'camera'), { name: 'MediaError', problem: 'ended' });
  t.same([...local.publications.keys()], []);
  t.same(asked, []);
});

t.test(
  'of two tracks that are published at once the later one stays, and the other one is stopped',
  async (t) => {
    const { local, asked } = localTracks();
    const [first, second] = [new FakeTrack(), new FakeTrack()];
    await Promise.all([local.publish(first.asTrack, 'camera'), local.publish(second.asTrack, 'camera')]);
    t.equal(local.publications.get('camera')?.track, second.asTrack);
    t.same([first.readyState, second.readyState], ['ended', 'live']);
    t.same(asked, ['closeProducer p1'], 'the server has one of them');
  },
);
