import t from '../support/tap.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { microphone } from '../support/tracks.ts';
import { camera } from '../support/watching.ts';

const people = [
  'trivium_rooms{state="occupied"}',
  'trivium_rooms{state="empty"}',
  'trivium_participants',
  'trivium_transports{direction="send"}',
  'trivium_transports{direction="recv"}',
  'trivium_signalling_connections',
];
const tracks = [
  'trivium_producers{kind="video",source="camera"}',
  'trivium_producers{kind="audio",source="microphone"}',
  'trivium_producers{kind="video",source="screen_share"}',
  'trivium_consumers{kind="video"}',
  'trivium_consumers{kind="audio"}',
  'trivium_slots_held',
];

t.test('rooms, people, tracks and slots go up as they come, and down again as they leave', async (t) => {
  const server = await testServer(t, { WORKERS: '2' });
  const { url, streams } = server;
  const before = await Scrape.of(server);
  t.same(before.values(...people), [0, 0, 0, 0, 0, 0]);
  t.same(before.values(...tracks), [0, 0, 0, 0, 0, 0], 'what is none is 0, and not missing');

  const [ada, ben] = [await Peer.inRoom(t, url, 'tea'), await Peer.inRoom(t, url, 'tea')];
  await Peer.inRoom(t, url, 'cake');
  const video = await camera(ada);
  const { producerId: audio } = await ada.request('produce', microphone(ada));
  const watched = await ben.request('consume', { producerId: video });
  await ben.request('consume', { producerId: audio });
  const during = await Scrape.of(server);
  t.same(during.values(...people), [2, 0, 3, 3, 3, 3]);
  t.same(during.values(...tracks), [1, 1, 0, 1, 1, 1]);
  const forwarded = during.values(
    'trivium_worker_consumers{worker="0"}',
    'trivium_worker_consumers{worker="1"}',
  );
  t.same(forwarded.toSorted(), [0, 2], 'one worker has the room');

  await ben.request('closeConsumer', { consumerId: watched.id });
  await ada.request('closeTransport', { transportId: ada.send.id });
  await ben.next('consumerClosed', ({ reason }) => reason === 'producer_closed');
  await streams.settled();
  const less = await Scrape.of(server);
  t.same(less.values(...people), [2, 0, 3, 2, 3, 3]);
  t.same(less.values(...tracks), [0, 0, 0, 0, 0, 0]);

  await ada.request('leave', {});
  await ben.request('leave', {});
  const after = await Scrape.of(server);
  t.same(after.values(...people), [1, 1, 1, 1, 1, 3], 'the room waits for somebody to come back');
});

t.test('refusals because of the limit are counted, by who was to play', async (t) => {
  const server = await testServer(t, { MAX_STREAMS_PER_USER: '1' });
  const refused = (origin: string) => `trivium_streams_refused_total{origin="${origin}"}`;
  const all = ['sfu', 'declared', 'stream_count'].map(refused);
  t.same((await Scrape.of(server)).values(...all), [0, 0, 0]);
  const [ada, ben] = [await Peer.inRoom(t, server.url, 'tea'), await Peer.inRoom(t, server.url, 'tea')];
  const cleo = await Peer.inRoom(t, server.url, 'tea');
  await cleo.request('consume', { producerId: await camera(ada) });
  const second = await camera(ben);
  await t.rejects(cleo.request('consume', { producerId: second }), { code: 'stream_limit' });
  await t.rejects(cleo.request('consume', { producerId: second }), { code: 'stream_limit' });
  for (const path of ['/api/startstream/7', '/api/startstream/7']) await server.app.inject(path);
  const scrape = await Scrape.of(server);
  t.same(scrape.values(...all), [2, 0, 1]);
  t.equal(scrape.value('trivium_slots_mended_total'), 0);
  await server.app.inject('/api/endstream/7');
});

t.test('what had to be mended is counted', async (t) => {
  const server = await testServer(t, {}, { faults: true });
  const ada = await Peer.inRoom(t, server.url, 'tea');
  const ben = await Peer.inRoom(t, server.url, 'tea');
  const { streamId } = await ben.request('consume', { producerId: await camera(ada) });
  await server.database.pool.query('UPDATE slots SET stream_id = NULL WHERE stream_id = $1', [streamId]);
  await server.leases.round();
  t.same((await Scrape.of(server)).values('trivium_slots_mended_total', 'trivium_slots_held'), [1, 0]);
});

t.test('each request over a WebSocket is counted by its method and outcome', async (t) => {
  const server = await testServer(t);
  const peer = await Peer.inRoom(t, server.url, 'tea');
  await peer.raw('consume', { producerId: 'nothing' });
  await peer.raw('consume', {});
  await peer.raw('tea-room-of-ada', {});
  await peer.raw('__proto__', {});
  await peer.answerTo('no JSON');
  const requests = (method: string, outcome: string) =>
    `trivium_signalling_requests_total{method="${method}",outcome="${outcome}"}`;
  t.same(
    (await Scrape.of(server)).values(
      requests('join', 'ok'),
      requests('createTransport', 'ok'),
      requests('consume', 'not_found'),
      requests('consume', 'bad_request'),
      requests('unknown', 'unknown_method'),
      requests('unknown', 'bad_message'),
    ),
    [1, 2, 1, 1, 2, 1],
  );
});
