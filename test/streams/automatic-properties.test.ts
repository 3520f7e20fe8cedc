import { once } from 'node:events';
import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { sampled } from '../support/sampled.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { camera } from '../support/watching.ts';

const PUBLISHERS = 4;

const pick = fc.nat({ max: PUBLISHERS - 1 });
const tab = fc.nat({ max: 1 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('speak' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('camera off and on' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mute' as const), pick, muted: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pin' as const), tab, pick, pinned: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch' as const), tab, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), tab, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('play outside' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop outside' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('come back' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave and join' as const), tab }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Publisher {
  peer: JoinedPeer;
  producerId: string;
}

/** One user with two tabs in a room, in both of which the server chooses, and a player outside. */
class User {
  readonly id: string;
  readonly #t: Test;
  readonly #server: TestServer;
  readonly #cookie: string;
  readonly #publishers: Publisher[];
  readonly #tabs: JoinedPeer[] = [];
  readonly #outside: string[] = [];

  private constructor(t: Test, server: TestServer, id: string, cookie: string, publishers: Publisher[]) {
    this.#t = t;
    this.#server = server;
    this.id = id;
    this.#cookie = cookie;
    this.#publishers = publishers;
  }

  static async arrive(t: Test, server: TestServer): Promise<User> {
    const publishers = await Promise.all(
      Array.from({ length: PUBLISHERS }, async () => {
        const peer = await Peer.inRoom(t, server.url, 'tea');
        return { peer, producerId: await camera(peer) };
      }),
    );
    const cookie = await newUser(server.url);
    const user = new User(t, server, '', cookie, publishers);
    for (const index of [0, 1]) await user.#open(index);
    return Object.assign(user, { id: user.#tab(0).hello.userId });
  }

  async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'speak': {
        const room = this.#server.rooms.find('tea');
        room?.speech.lead(this.#publisher(one.pick).peer.joined.participantId, performance.now());
        room?.emit('changed');
        return;
      }
      case 'camera off and on': {
        const publisher = this.#publisher(one.pick);
        await publisher.peer.request('closeProducer', { producerId: publisher.producerId });
        publisher.producerId = await camera(publisher.peer);
        return;
      }
      case 'mute': {
        const { peer, producerId } = this.#publisher(one.pick);
        await peer.request(one.muted ? 'pauseProducer' : 'resumeProducer', { producerId });
        return;
      }
      case 'pin': {
        const { participantId } = this.#publisher(one.pick).peer.joined;
        await this.#tab(one.tab).request('setPinned', {
          participantId,
          source: 'camera',
          pinned: one.pinned,
        });
        return;
      }
      case 'watch': {
        const answer = await this.#tab(one.tab).raw('consume', {
          producerId: this.#publisher(one.pick).producerId,
        });
        if (!answer.ok && answer.error.code !== 'stream_limit') throw new Error(answer.error.message);
        return;
      }
      case 'close': {
        const [consumerId] = this.#watched(one.tab).slice(one.pick);
        if (consumerId === undefined) return;
        const answer = await this.#tab(one.tab).raw('closeConsumer', { consumerId });
        if (!answer.ok && answer.error.code !== 'not_found') throw new Error(answer.error.message);
        return;
      }
      case 'play outside': {
        const answer = await fetch(`${this.#server.url}/api/v1/users/${this.id}/streams`, {
          method: 'POST',
          headers: { cookie: this.#cookie },
        });
        if (answer.status === 201) this.#outside.push(((await answer.json()) as { id: string }).id);
        else if (answer.status !== 409) throw new Error(await answer.text());
        return;
      }
      case 'stop outside': {
        const streamId = this.#outside.pop();
        if (streamId === undefined) return;
        await fetch(`${this.#server.url}/api/v1/users/${this.id}/streams/${streamId}`, {
          method: 'DELETE',
          headers: { cookie: this.#cookie },
        });
        return;
      }
      case 'come back': {
        const before = this.#tab(one.tab);
        before.socket.terminate();
        await once(before.socket, 'close');
        const peer = await Peer.connect(this.#t, this.#server.url, this.#cookie);
        await peer.request('resume', { resumeToken: before.joined.resumeToken });
        const { joined, send, recv } = before;
        peer.received.push(...before.received.filter(({ event }) => event !== 'hello'));
        this.#tabs[one.tab] = Object.assign(peer, { joined, send, recv });
        return;
      }
      case 'leave and join':
        await this.#tab(one.tab).request('leave', {});
        await this.#open(one.tab);
    }
  }

  /** The server goes on choosing meanwhile: slots and videos are counted at two moments, drift is what stays. */
  async check(): Promise<void> {
    const { slots, forwarded, declared, drift } = await this.#server.audit.compare();
    if (slots + declared > 3 || forwarded > 3 || drift.length > 0) {
      throw new Error(
        `${slots} slots, ${forwarded} forwarded, ${declared} declared; ${JSON.stringify(drift)}`,
      );
    }
  }

  /** With nothing else in the way, a fresh tab is shown three. */
  async fillsUp(): Promise<void> {
    while (this.#outside.length > 0) await this.take({ do: 'stop outside' });
    for (const { peer, producerId } of this.#publishers) await peer.request('resumeProducer', { producerId });
    for (const peer of this.#tabs) await peer.request('leave', {});
    await this.#open(0);
    await this.#tab(0).next('streams', ({ streams }) => streams.length === 3);
    await this.check();
  }

  async goHome(): Promise<void> {
    const all = [...this.#tabs, ...this.#publishers.map(({ peer }) => peer)];
    await Promise.all(all.map((peer) => peer.raw('leave', {})));
    for (const peer of all) peer.socket.terminate();
  }

  #watched(tab: number): string[] {
    return this.#tab(tab).received.flatMap((one) => (one.event === 'consumerAdded' ? [one.data.id] : []));
  }

  async #open(tab: number): Promise<void> {
    const automatic = { autoSubscribe: true };
    this.#tabs[tab] = await Peer.inRoom(this.#t, this.#server.url, 'tea', this.#cookie, automatic);
  }

  #tab(index: number): JoinedPeer {
    const peer = this.#tabs[index];
    if (!peer) throw new Error('no such tab');
    return peer;
  }

  #publisher(index: number): Publisher {
    const publisher = this.#publishers[index];
    if (!publisher) throw new Error('no such publisher');
    return publisher;
  }
}

t.test(
  'whatever happens while the server chooses: never above three, and free places are filled',
  async (t) => {
    const server = await testServer(t, {
      WORKERS: '2',
      MESSAGES_BURST: '1000',
      MAX_PARTICIPANTS_PER_USER: '10',
    });
    const look = async () => {
      const { rows } = await server.database.pool.query<{ most: number }>(
        `SELECT coalesce(max(held), 0)::int AS most FROM
         (SELECT count(*) AS held FROM slots WHERE stream_id IS NOT NULL GROUP BY user_id) each`,
      );
      return Math.max(rows[0]?.most ?? 0, (await server.workers.forwarded()).size);
    };
    const seen = await sampled(look, () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (schedule) => {
          const user = await User.arrive(t, server);
          try {
            for (const one of schedule) {
              await user.take(one);
              await user.check();
            }
            await user.fillsUp();
          } finally {
            await user.goHome();
          }
        }),
        { numRuns: 15, seed: 6 },
      ),
    );
    t.ok(
      [...seen].every((count) => count <= 3),
      `at no moment more than three: ${[...seen].sort().join()}`,
    );
    t.equal(server.streams.mended, 0);
  },
);
