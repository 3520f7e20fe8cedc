import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from '../support/tap.ts';
import { until } from '../support/browser.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { opus } from '../support/rtp.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

/** After the first round, which fills caches and pools, 1,000 joins in 200 rooms. */
const ROUNDS = 10;
const ROOMS = 20;
const PEOPLE = 5;

/** The most memory that may remain of each join, in bytes. The heap varies by 3 kB a join of itself. */
const LEFT_OF_A_JOIN = 5_000;
const LEFT_IN_A_WORKER = 4_000;

/** A test would keep every peer until it ends. These have all gone by then. */
const forgetful = { teardown: () => undefined } as unknown as Test;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Resources of a server that have to be given back. */
interface Held {
  rooms: number;
  sockets: number;
  slots: number;
  /** By what the workers say: routers, transports, producers and consumers. */
  media: number;
  /** Active resources of Node.js, by type: timers, sockets, pipes. */
  resources: Record<string, number>;
  listeners: number;
}

interface Memory {
  /** Of Node.js, after a collection, in bytes. */
  heap: number;
  /** Of the workers, in bytes. */
  workers: number;
}

t.test('1,000 joins leave nothing behind', { timeout: 1_500_000 }, async (t) => {
  const server = await testServer(t, {
    WORKERS: '2',
    RESUME_GRACE_MS: '1000',
    EMPTY_ROOM_TTL_MS: '1000',
    MESSAGES_BURST: '1000',
    GUEST_ROOMS_PER_ADDRESS: '1000',
    GUEST_PRESENCES_PER_ADDRESS: '1000',
    SOCKETS_PER_ADDRESS: '1000',
  });
  await round(server, 0);
  const [heldBefore, memoryBefore] = [await heldBy(server), await memoryOf(server)];
  for (let number = 1; number <= ROUNDS; number += 1) {
    await round(server, number);
    const { heap, workers } = await memoryOf(server);
    t.comment(`after ${number * ROOMS * PEOPLE} joins: heap ${heap} bytes, workers ${workers} bytes`);
  }
  t.same(await heldBy(server), heldBefore, 'everything is as it was');
  const { heap, workers } = await memoryOf(server);
  const joins = ROUNDS * ROOMS * PEOPLE;
  const ofHeap = (heap - memoryBefore.heap) / joins;
  const ofWorkers = (workers - memoryBefore.workers) / joins;
  t.comment(
    `${joins} joins in ${ROUNDS * ROOMS} rooms: ${ofHeap} bytes of heap a join, ${ofWorkers} of the workers`,
  );
  t.ok(ofHeap < LEFT_OF_A_JOIN, `${ofHeap} bytes of heap are left of each join`);
  t.ok(ofWorkers < LEFT_IN_A_WORKER, `${ofWorkers} bytes of the workers are left of each join`);
});

type Person = JoinedPeer & { cookie: string };

/** People come to some rooms, publish, watch, lose their sockets and come back; then all go, in one way or another. */
async function round(server: TestServer, number: number): Promise<void> {
  const rooms = Array.from({ length: ROOMS }, (_, index) => `soak-${number}-${index}`);
  await Promise.all(rooms.map((room) => call(server.url, room)));
  await until(
    'everybody is gone',
    () => Promise.resolve(server.rooms.rooms.size + server.app.websocketServer.clients.size),
    (count) => count === 0,
  );
  await server.streams.settled();
}

async function call(url: string, room: string): Promise<void> {
  const people: Person[] = [];
  const cameras: string[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const cookie = await newUser(url);
    const peer = Object.assign(await Peer.inRoom(forgetful, url, room, cookie), { cookie });
    people.push(peer);
    cameras.push(await camera(peer));
    await peer.request('produce', {
      transportId: peer.send.id,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: opus(),
    });
  }
  await Promise.all(
    people.map((peer, own) =>
      watch(
        peer,
        cameras.filter((_, index) => index !== own),
      ),
    ),
  );
  await Promise.all(people.map((peer, index) => goes(index)(url, peer)));
}

/** Watches three of the others; the fourth is refused, and takes the place of one. */
async function watch(peer: JoinedPeer, cameras: string[]): Promise<void> {
  const [first, ...others] = cameras;
  const watched = await peer.request('consume', { producerId: first ?? '' });
  await peer.request('resumeConsumer', { consumerId: watched.id });
  for (const producerId of others.slice(0, 2)) await peer.request('consume', { producerId });
  const fourth = others[2] ?? '';
  const refusal = await peer.raw('consume', { producerId: fourth });
  if (refusal.ok) throw new Error('a fourth video was forwarded');
  await peer.request('consume', { producerId: fourth, replace: watched.streamId ?? '' });
}

type Going = (url: string, person: Person) => Promise<void>;

const leaves: Going = async (_, peer) => {
  await peer.request('leave', {});
  await ended(peer);
};

const closes: Going = (_, peer) => ended(peer);

/** It never says good-bye: its place is kept, and then given up. */
const vanishes: Going = async (_, peer) => {
  const closed = once(peer.socket, 'close');
  peer.socket.terminate();
  await closed;
};

const comesBackAndLeaves: Going = async (url, peer) => {
  await vanishes(url, peer);
  const back = await Peer.connect(forgetful, url, peer.cookie);
  await back.request('resume', { resumeToken: peer.joined.resumeToken });
  await back.request('leave', {});
  await ended(back);
};

const goes = (index: number): Going => [leaves, closes, vanishes, comesBackAndLeaves][index % 4] ?? leaves;

async function ended({ socket }: Peer): Promise<void> {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}

async function heldBy({ rooms, app, audit, workers }: TestServer): Promise<Held> {
  const { slots } = await audit.compare();
  const dumps = await Promise.all(workers.workers.map(({ worker }) => worker.dump()));
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const listeners = [process, app.server, ...workers.workers.map(({ worker }) => worker)].reduce(
    (sum, emitter) => sum + listenersOf(emitter),
    0,
  );
  return {
    rooms: rooms.rooms.size,
    sockets: app.websocketServer.clients.size,
    slots,
    media: dumps.reduce((sum, { routerIds }) => sum + routerIds.length, 0),
    resources,
    listeners,
  };
}

const listenersOf = (emitter: Pick<NodeJS.Process, 'eventNames' | 'listenerCount'>): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

async function memoryOf({ workers }: TestServer): Promise<Memory> {
  collectGarbage();
  const resident = await Promise.all(
    workers.workers.map(async ({ worker }) => {
      const status = await readFile(`/proc/${worker.pid}/status`, 'utf8');
      return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    }),
  );
  return { heap: process.memoryUsage().heapUsed, workers: resident.reduce((sum, bytes) => sum + bytes, 0) };
}
