import { once } from 'node:events';
import t from '../support/tap.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { opus, vp8 } from '../support/rtp.ts';
import { testServer } from '../support/server.ts';
import { camera } from '../support/tracks.ts';

const publish = async (peer: JoinedPeer) => ({
  microphone: await peer.request('produce', {
    transportId: peer.send.id,
    kind: 'audio',
    source: 'microphone',
    rtpParameters: opus(),
  }),
  camera: await peer.request('produce', {
    transportId: peer.send.id,
    kind: 'video',
    source: 'camera',
    rtpParameters: vp8(),
  }),
});

t.test('a call, from joining to leaving', async (t) => {
  const { url, database, rooms } = await testServer(t);
  const ada = await Peer.inRoom(t, url, 'tea');
  t.same(ada.joined.participants, [], 'the first one is alone');
  const { camera, microphone } = await publish(ada);

  const ben = await Peer.inRoom(t, url, 'tea');
  t.match(ben.joined.room, { id: ada.joined.room.id, name: 'tea' });
  t.match(
    ben.joined.participants,
    [
      {
        id: ada.joined.participantId,
        displayName: 'Ada',
        producers: [
          { id: microphone.producerId, kind: 'audio', source: 'microphone', paused: false },
          { id: camera.producerId, kind: 'video', source: 'camera', paused: false },
        ],
      },
    ],
    'who comes later sees who is there and what they publish',
  );
  t.match(await ada.next('participantJoined'), { id: ben.joined.participantId, producers: [] });

  const video = await ben.request('consume', { producerId: camera.producerId });
  t.match(video, { kind: 'video', producerId: camera.producerId, producerPaused: false });
  t.match(video.rtpParameters.codecs[0], { mimeType: 'video/VP8' });
  await ben.request('resumeConsumer', { consumerId: video.id });
  await ben.request('setPreferredLayers', { consumerId: video.id, spatialLayer: 0 });
  const again = await ben.request('consume', { producerId: camera.producerId });
  t.equal(again.id, video.id, 'asking twice gives the same consumer');
  const sound = await ben.request('consume', { producerId: microphone.producerId });

  await ada.request('pauseProducer', { producerId: microphone.producerId });
  t.match(await ben.next('producerPaused'), { producerId: microphone.producerId });
  await ada.request('resumeProducer', { producerId: microphone.producerId });
  await ben.next('producerResumed');

  await ada.request('closeProducer', { producerId: camera.producerId });
  t.match(await ben.next('producerClosed'), { producerId: camera.producerId });
  t.match(await ben.next('consumerClosed'), { consumerId: video.id, reason: 'producer_closed' });
  await t.rejects(ben.request('resumeConsumer', { consumerId: video.id }), { code: 'not_found' });

  await ada.request('leave', {});
  t.match(await ben.next('participantLeft'), { participantId: ada.joined.participantId, reason: 'left' });
  t.match(await ben.next('consumerClosed', ({ consumerId }) => consumerId === sound.id), {});
  await t.rejects(ada.request('produce', micOn(ada)), { code: 'not_joined' });

  await rooms.recorded();
  const { rows } = await database.pool.query(
    `SELECT r.name, p.display_name, p.leave_reason, p.left_at >= p.joined_at AS in_order, s.ended_at
     FROM participants p JOIN room_sessions s ON s.id = p.session_id JOIN rooms r ON r.id = s.room_id
     ORDER BY p.joined_at`,
  );
  t.match(rows, [
    { name: 'tea', display_name: 'Ada', leave_reason: 'left', in_order: true, ended_at: null },
    { name: 'tea', display_name: 'Ada', leave_reason: null },
  ]);
});

const micOn = (peer: JoinedPeer) => ({
  transportId: peer.send.id,
  kind: 'audio' as const,
  source: 'microphone' as const,
  rtpParameters: opus(),
});

t.test('one user in two rooms and two tabs', async (t) => {
  const { url } = await testServer(t);
  const cookie = await newUser(url);
  const tab1 = await Peer.inRoom(t, url, 'tea', cookie);
  const tab2 = await Peer.inRoom(t, url, 'tea', cookie);
  const other = await Peer.inRoom(t, url, 'coffee', cookie);
  const stranger = await Peer.inRoom(t, url, 'coffee');

  t.equal(new Set([tab1, tab2, other].map(({ hello }) => hello.userId)).size, 1, 'one user');
  t.not(stranger.hello.userId, tab1.hello.userId);
  const ids = [tab1, tab2, other].map(({ joined }) => joined.participantId);
  t.equal(new Set(ids).size, 3, 'three participants');

  const { camera } = await publish(tab1);
  await tab2.request('consume', camera);
  await t.rejects(
    other.request('consume', camera),
    { code: 'not_found' },
    'a room’s producers are for that room',
  );
  await t.rejects(tab1.request('consume', camera), { code: 'not_found' }, 'nobody receives oneself');

  tab1.socket.close(1001);
  t.match(await tab2.next('participantLeft'), { participantId: ids[0], reason: 'left' });
  await tab2.request('restartIce', { transportId: tab2.recv.id });
  t.pass('the other tab goes on');
});

t.test('a user is in as many rooms and tabs as the limit says, and not in one more', async (t) => {
  const { url } = await testServer(t, { MAX_PARTICIPANTS_PER_USER: '2' });
  const cookie = await newUser(url);
  const first = await Peer.inRoom(t, url, 'a', cookie);
  await Peer.inRoom(t, url, 'b', cookie);
  const third = await Peer.connect(t, url, cookie);
  const refusal = await third.raw('join', { room: 'c', displayName: 'Ada' });
  t.match(refusal, { ok: false, error: { code: 'user_limit', limit: 2, current: 2 } });
  await first.request('leave', {});
  t.ok((await third.raw('join', { room: 'c', displayName: 'Ada' })).ok, 'a place given back is free');
});

t.test('a full room and a full server say so', async (t) => {
  const { url } = await testServer(t, { MAX_PARTICIPANTS_PER_ROOM: '1', MAX_ROOMS: '1' });
  await Peer.inRoom(t, url, 'tea');
  const late = await Peer.connect(t, url);
  t.match(await late.raw('join', { room: 'tea', displayName: 'Ben' }), {
    error: { code: 'room_full', limit: 1, current: 1 },
  });
  t.match(await late.raw('join', { room: 'coffee', displayName: 'Ben' }), {
    error: { code: 'server_full', limit: 1 },
  });
});

t.test('a room that is empty makes way for one that is needed', async (t) => {
  const { url, rooms } = await testServer(t, { MAX_ROOMS: '2' });
  const ada = await Peer.inRoom(t, url, 'kept');
  for (let i = 0; i < 10; i += 1) {
    const peer = await Peer.inRoom(t, url, `passing-${i}`);
    await peer.request('leave', {});
  }
  t.equal(rooms.rooms.size, 2);
  await ada.request('restartIce', { transportId: ada.recv.id });
  t.pass('nobody was put out');
});

t.test('a transport that closes while a consume is pending leaves no consumer behind', async (t) => {
  const { url, rooms, workers } = await testServer(t);
  const ada = await Peer.inRoom(t, url, 'tea');
  const ben = await Peer.inRoom(t, url, 'tea');
  const { camera } = await publish(ada);
  const [room] = rooms.rooms;
  const participant = room?.participants.get(ben.joined.participantId);
  if (!room || !participant) throw new Error('Ben is not in the room');

  const { publication } = room.publishedFor(participant, camera.producerId);
  const consuming = participant.consume(publication.producer);
  participant.transports.get(ben.recv.id).close();
  await t.rejects(consuming, { code: 'not_found' });

  t.equal((await workers.forwarded()).size, 0, 'the workers run no consumer');
  t.equal(
    workers.workers.reduce((sum, { consumers }) => sum + consumers, 0),
    0,
    'and none is counted',
  );
  const anew = await ben.request('createTransport', { direction: 'recv' });
  t.ok(anew.id, 'a new transport can be made');
  await ben.request('consume', camera);
  t.equal((await workers.forwarded()).size, 1);
});

t.test('a socket that drops while a consume is pending leaves nothing behind', async (t) => {
  const { url, workers } = await testServer(t, { RESUME_GRACE_MS: '50' });
  const ada = await Peer.inRoom(t, url, 'tea');
  const ben = await Peer.inRoom(t, url, 'tea');
  const { camera } = await publish(ada);
  void ben.raw('consume', camera);
  ben.socket.terminate();
  t.match(await ada.next('participantLeft'), {
    participantId: ben.joined.participantId,
    reason: 'disconnected',
  });
  t.equal((await workers.forwarded()).size, 0);
});

t.test('a worker that dies closes its rooms, tells why, and is replaced', async (t) => {
  const { url, workers } = await testServer(t, { WORKERS: '1' });
  const ada = await Peer.inRoom(t, url, 'tea');
  const ended = once(ada.socket, 'close');
  const replaced = once(workers, 'replaced');
  const [dying] = workers.workers;
  process.kill(dying?.worker.pid ?? 0, 'SIGKILL');
  t.match(await ada.next('roomClosed'), { reason: 'worker_died' });
  await ended;
  await replaced;
  const back = await Peer.inRoom(t, url, 'tea');
  t.not(back.joined.room.id, ada.joined.room.id, 'a new session of the same room');
});

t.test('rooms are spread over the workers', async (t) => {
  const { url, workers } = await testServer(t, { WORKERS: '2' });
  await Promise.all(['a', 'b', 'c', 'd'].map((room) => Peer.inRoom(t, url, room)));
  t.same(
    workers.workers.map(({ routers }) => routers.size),
    [2, 2],
    'also when they are opened at once',
  );
});

t.test('one publishes one track from each source: another one takes its place', async (t) => {
  const { url, workers } = await testServer(t);
  const ada = await Peer.inRoom(t, url, 'tea');
  const ben = await Peer.inRoom(t, url, 'tea');
  const [first, second] = await Promise.all([
    ada.request('produce', camera(ada)),
    ada.request('produce', camera(ada)),
  ]);
  t.match(await ben.next('producerClosed'), { producerId: first.producerId });
  const { participants } = (await Peer.inRoom(t, url, 'tea')).joined;
  t.match(participants[0]?.producers, [{ id: second.producerId }]);
  t.equal(participants[0]?.producers.length, 1);
  t.equal((await workers.forwarded()).size, 0);
});
