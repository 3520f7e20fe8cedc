import { once } from 'node:events';
import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

const ROOMS = ['tea', 'coffee'];
const PUBLISHERS = 3;

const pick = fc.nat({ max: 11 });
const tab = fc.nat({ max: ROOMS.length - 1 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('watch' as const), tab, pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch all at once' as const), tab }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('replace' as const), tab, pick, former: pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stop' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publisher stops' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close transport' as const), tab }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), tab }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Watched {
  tab: number;
  producerId: string;
  consumerId: string;
  streamId: string;
}

interface Publisher {
  room: number;
  peer: JoinedPeer;
  producerId: string;
}

/** One user with a tab in each room, and what they ought to watch: a list. */
class User {
  readonly #t: Test;
  readonly #server: TestServer;
  readonly #cookie: string;
  readonly #publishers: Publisher[];
  #tabs: JoinedPeer[] = [];
  #watched: Watched[] = [];

  private constructor(t: Test, server: TestServer, cookie: string, publishers: Publisher[]) {
    this.#t = t;
    this.#server = server;
    this.#cookie = cookie;
    this.#publishers = publishers;
  }

  static async arrive(t: Test, server: TestServer): Promise<User> {
    const publishers = await Promise.all(
      Array.from({ length: PUBLISHERS * ROOMS.length }, async (_, index) => {
        const room = index % ROOMS.length;
        const peer = await Peer.inRoom(t, server.url, ROOMS[room] ?? '');
        return { room, peer, producerId: await camera(peer) };
      }),
    );
    const user = new User(t, server, await newUser(server.url), publishers);
    for (const index of ROOMS.keys()) await user.#open(index);
    return user;
  }

  async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'watch':
        return this.#watch(one.tab, [this.#publisherIn(one.tab, one.pick)]);
      case 'watch all at once':
        return this.#watch(one.tab, this.#publishersIn(one.tab));
      case 'replace':
        return this.#replace(one.tab, this.#publisherIn(one.tab, one.pick), this.#any(one.former));
      case 'stop': {
        const watched = this.#any(one.pick);
        if (!watched) return;
        await this.#tab(watched.tab).request('closeConsumer', { consumerId: watched.consumerId });
        this.#forget((other) => other === watched);
        return;
      }
      case 'publisher stops': {
        const publisher = this.#publishers[one.pick % this.#publishers.length];
        if (!publisher) return;
        const { producerId } = publisher;
        await publisher.peer.request('closeProducer', { producerId });
        publisher.producerId = await camera(publisher.peer);
        this.#forget((other) => other.producerId === producerId);
        return;
      }
      case 'close transport': {
        const peer = this.#tab(one.tab);
        await peer.request('closeTransport', { transportId: peer.recv.id });
        peer.recv = await peer.request('createTransport', { direction: 'recv' });
        this.#forget((other) => other.tab === one.tab);
        return;
      }
      case 'resume': {
        const before = this.#tab(one.tab);
        before.socket.terminate();
        await once(before.socket, 'close');
        const peer = await Peer.connect(this.#t, this.#server.url, this.#cookie);
        await peer.request('resume', { resumeToken: before.joined.resumeToken });
        const { joined, send, recv } = before;
        this.#tabs[one.tab] = Object.assign(peer, { joined, send, recv });
        return;
      }
      case 'leave':
        await this.#tab(one.tab).request('leave', {});
        await this.#open(one.tab);
        this.#forget((other) => other.tab === one.tab);
    }
  }

  /** What is held, what is forwarded, and what ought to be are the same. */
  async check(): Promise<void> {
    const { slots, forwarded, drift } = await this.#server.audit.compare();
    const expected = this.#watched.length;
    if (expected > 3 || slots !== expected || forwarded !== expected || drift.length > 0) {
      throw new Error(
        `${slots} slots, ${forwarded} forwarded, ${expected} expected; ${JSON.stringify(drift)}`,
      );
    }
  }

  async goHome(): Promise<void> {
    const all = [...this.#tabs, ...this.#publishers.map(({ peer }) => peer)];
    await Promise.all(all.map((peer) => peer.request('leave', {})));
    this.#watched = [];
    await this.check();
    for (const peer of all) peer.socket.terminate();
  }

  async #watch(tab: number, producerIds: string[]): Promise<void> {
    const fresh = producerIds.filter(
      (id) => !this.#watched.some((one) => one.tab === tab && one.producerId === id),
    );
    const free = 3 - this.#watched.length;
    const answers = await Promise.all(
      fresh.map(async (producerId) => ({
        producerId,
        answer: await this.#tab(tab).raw('consume', { producerId }),
      })),
    );
    const granted = answers.filter(({ answer }) => answer.ok).length;
    if (granted !== Math.min(fresh.length, free)) throw new Error(`${granted} granted, ${free} were free`);
    for (const { producerId, answer } of answers) {
      if (answer.ok) this.#remember(tab, producerId, answer.data);
      else if (answer.error.code !== 'stream_limit') throw new Error(answer.error.message);
    }
  }

  async #replace(tab: number, producerId: string, former: Watched | undefined): Promise<void> {
    if (!former || this.#watched.some((one) => one.tab === tab && one.producerId === producerId)) return;
    const answer = await this.#tab(tab).raw('consume', { producerId, replace: former.streamId });
    if (!answer.ok) throw new Error(answer.error.message);
    this.#forget((other) => other === former);
    this.#remember(tab, producerId, answer.data);
  }

  #remember(tab: number, producerId: string, data: unknown): void {
    const { id, streamId } = data as { id: string; streamId: string };
    this.#watched.push({ tab, producerId, consumerId: id, streamId });
  }

  #forget(isGone: (watched: Watched) => boolean): void {
    this.#watched = this.#watched.filter((one) => !isGone(one));
  }

  async #open(tab: number): Promise<void> {
    this.#tabs[tab] = await Peer.inRoom(this.#t, this.#server.url, ROOMS[tab] ?? '', this.#cookie);
  }

  #tab(index: number): JoinedPeer {
    const peer = this.#tabs[index];
    if (!peer) throw new Error('no such tab');
    return peer;
  }

  #any(pick: number): Watched | undefined {
    return this.#watched[pick % (this.#watched.length || 1)];
  }

  #publishersIn(tab: number): string[] {
    return this.#publishers.filter(({ room }) => room === tab).map(({ producerId }) => producerId);
  }

  #publisherIn(tab: number, pick: number): string {
    return this.#publishersIn(tab)[pick % PUBLISHERS] ?? '';
  }
}

t.test(
  'whatever a user does in two rooms: never above three, what is held is what is forwarded',
  async (t) => {
    const server = await testServer(t, {
      WORKERS: '2',
      MESSAGES_BURST: '1000',
      MAX_PARTICIPANTS_PER_USER: '10',
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (schedule) => {
        const user = await User.arrive(t, server);
        for (const one of schedule) {
          await user.take(one);
          await user.check();
        }
        await user.goHome();
      }),
      { numRuns: 20, seed: 5 },
    );
    t.equal(server.streams.mended, 0);
  },
);
