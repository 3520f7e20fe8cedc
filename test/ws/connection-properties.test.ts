import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import type { Participant } from '../../server/protocol/model.ts';
import type { Notification } from '../../server/protocol/notifications.ts';
import { until } from '../support/browser.ts';
import { newUser, Peer, type JoinedPeer } from '../support/peer.ts';
import { vp8 } from '../support/rtp.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import { camera } from '../support/watching.ts';

/** Time that a place is kept, in ms: long against all that happens in a real moment. */
const GRACE_MS = 60_000;

/** Where the connection breaks: before a request is sent, right after that, or once the server has answered, or not. */
const lost = fc.constantFrom('no', 'no', 'no', 'before', 'midway', 'after' as const);
type Lost = 'no' | 'before' | 'midway' | 'after';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('come' as const), lost }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), lost }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch' as const), lost, which: fc.nat({ max: 1 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('come twice' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join twice' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stay away' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), lost }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Who is there by participant id: a name, and the producers. */
type View = Record<string, { displayName: string; producers: string[] }>;

/** What somebody knows of the others: what they were told when they came, and everything since. */
function viewOf(present: Participant[], told: readonly Notification[]): View {
  const all = new Map(present.map((one) => [one.id, entryOf(one)]));
  for (const { event, data } of told) {
    if (event === 'participantJoined') all.set(data.id, entryOf(data));
    else if (event === 'participantLeft') all.delete(data.participantId);
    else if (event === 'producerAdded') all.get(data.participantId)?.producers.add(data.producer.id);
    else if (event === 'producerClosed') all.get(data.participantId)?.producers.delete(data.producerId);
  }
  return Object.fromEntries(
    [...all].map(([id, { displayName, producers }]) => [
      id,
      { displayName, producers: [...producers].sort() },
    ]),
  );
}

const entryOf = ({ displayName, producers }: Participant) => ({
  displayName,
  producers: new Set(producers.map(({ id }) => id)),
});

/** Somebody who is in the room all the time, and publishes. */
interface Witness {
  peer: JoinedPeer;
  producerId: string;
}

/** A client that comes back as the protocol says, whatever is lost. */
class Client {
  readonly #t: Test;
  readonly #server: TestServer;
  readonly #clock: TestClock;
  readonly #cookie: string;
  readonly #witnesses: Witness[];
  #joins = 0;
  /** Of the place that it has, as far as it knows. */
  #resumeToken: string | undefined;
  #peer: Peer | undefined;
  #present: Participant[] = [];
  #sendId: string | undefined;
  /** What it watches, as far as it knows: by consumer, the producer. */
  #watched = new Map<string, string>();

  constructor(
    t: Test,
    server: TestServer,
    { clock, cookie, witnesses }: { clock: TestClock; cookie: string; witnesses: Witness[] },
  ) {
    this.#t = t;
    this.#server = server;
    this.#clock = clock;
    this.#cookie = cookie;
    this.#witnesses = witnesses;
  }

  get isConnected(): boolean {
    return this.#peer !== undefined;
  }

  leave(): Promise<void> {
    return this.#leave('no');
  }

  async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'come':
        return this.#peer ? undefined : this.#come(one.lost);
      case 'publish':
        return this.#publish(one.lost);
      case 'watch':
        return this.#watch(one.which, one.lost);
      case 'leave':
        return this.#leave(one.lost);
      case 'drop':
        return this.#drop();
      case 'come twice':
        return this.#comeTwice();
      case 'join twice':
        return this.#joinTwice();
      case 'stay away':
        return this.#stayAway();
    }
  }

  /** Comes back if it is away, and then everybody knows the same. */
  async settle(): Promise<void> {
    while (!this.#peer) await this.#come('no');
    const { rooms, audit, streams } = this.#server;
    const room = rooms.find('tea');
    if (!room) throw new Error('the room is gone');
    const of = (peer: Peer, present: Participant[]) => viewOf(present, peer.received);
    const shown = (id: string) => {
      const participant = room.participants.get(id);
      return participant && viewOf(room.othersThan(participant), []);
    };
    for (const { peer } of this.#witnesses) {
      await until(
        'the others know who is there',
        () => Promise.resolve([of(peer, peer.joined.participants), shown(peer.joined.participantId)]),
        ([known, there]) => isDeepStrictEqual(known, there),
      );
    }
    const mine = [...room.participants.values()].filter(({ displayName }) => displayName === 'Ben');
    if (mine.length !== 1) throw new Error(`${mine.length} of one client are in the room`);
    const [me] = mine;
    if (!me) throw new Error('it is not there');
    await until(
      'it knows who is there',
      () => Promise.resolve([this.#peer && of(this.#peer, this.#present), shown(me.id)]),
      ([known, there]) => isDeepStrictEqual(known, there),
    );
    await streams.settled();
    if (!isDeepStrictEqual([...me.consumers.keys()].sort(), [...this.#watched.keys()].sort()))
      throw new Error(`${me.consumers.size} are watched, it knows of ${this.#watched.size}`);
    const { slots, forwarded, drift } = await audit.compare();
    if (slots !== this.#watched.size || forwarded !== slots || drift.length > 0)
      throw new Error(`${slots} slots, ${forwarded} forwarded, ${this.#watched.size} watched`);
  }

  /** Comes back to its place; where that is gone, it joins. */
  async #come(lost: Lost): Promise<void> {
    this.#peer = await Peer.connect(this.#t, this.#server.url, this.#cookie);
    if (this.#resumeToken === undefined) return this.#join(lost);
    const answer = await this.#ask('resume', { resumeToken: this.#resumeToken }, lost);
    if (!answer) return;
    if (!answer.ok) {
      if (answer.error.code !== 'not_found') throw new Error(answer.error.message);
      this.#forget();
      return this.#join('no');
    }
    const { participants, consumerIds } = answer.data as {
      participants: Participant[];
      consumerIds: string[];
    };
    this.#present = participants;
    for (const id of this.#watched.keys()) {
      if (!consumerIds.includes(id)) throw new Error('what it watched has ended meanwhile');
    }
    for (const consumerId of consumerIds.filter((id) => !this.#watched.has(id)))
      await this.#peer.request('closeConsumer', { consumerId, again: true });
  }

  async #join(lost: Lost): Promise<void> {
    const answer = await this.#ask('join', this.#joining(), lost);
    if (!answer) return;
    if (!answer.ok) throw new Error(answer.error.message);
    const { participants, resumeToken } = answer.data as { participants: Participant[]; resumeToken: string };
    this.#present = participants;
    this.#resumeToken = resumeToken;
    this.#joins += 1;
    this.#sendId = (await this.#peer?.request('createTransport', { direction: 'send' }))?.id;
    await this.#peer?.request('createTransport', { direction: 'recv' });
  }

  #joining() {
    return {
      room: 'tea',
      displayName: 'Ben',
      rtpCapabilities: this.#witnesses[0]?.peer.capabilities ?? { codecs: [] },
      autoSubscribe: false,
      joinId: `join-${this.#joins}`,
    };
  }

  /** The same client over a second connection, before the server knows that the first one is gone. */
  async #comeTwice(): Promise<void> {
    const former = this.#peer;
    if (!former) return;
    const closed = once(former.socket, 'close');
    await this.#come('no');
    const [code] = (await closed) as [number];
    if (code !== 4009) throw new Error(`the former connection ended with ${code}`);
  }

  /** Two connections ask for one join at once. */
  async #joinTwice(): Promise<void> {
    if (!this.#peer) return;
    await this.#leave('no');
    const [first, second] = await Promise.all(
      [1, 2].map(() => Peer.connect(this.#t, this.#server.url, this.#cookie)),
    );
    if (!first || !second) return;
    const closed = once(first.socket, 'close');
    void first.raw('join', this.#joining()).catch(() => undefined);
    // Frames of two sockets may be read in either order: the second one is sent once the first one is in work.
    await until(
      'the first one is there',
      () => Promise.resolve(this.#presences()),
      (count) => count > 0,
    );
    this.#peer = second;
    await this.#join('no');
    await closed;
  }

  #presences(): number {
    const all = this.#server.rooms.find('tea')?.participants.values() ?? [];
    return [...all].filter(({ displayName }) => displayName === 'Ben').length;
  }

  /** Its place is gone when it comes again. */
  async #stayAway(): Promise<void> {
    await this.#drop();
    this.#clock.advance(GRACE_MS + 1);
    // Who was still joining is gone once that is done.
    await until(
      'its place is gone',
      () => Promise.resolve(this.#presences()),
      (count) => count === 0,
    );
  }

  async #publish(lost: Lost): Promise<void> {
    if (!this.#peer) return;
    const params = { transportId: this.#sendId, kind: 'video', source: 'camera', rtpParameters: vp8() };
    const answer = await this.#ask('produce', params, lost);
    if (answer && !answer.ok) throw new Error(answer.error.message);
  }

  async #watch(which: number, lost: Lost): Promise<void> {
    const producerId = this.#witnesses[which]?.producerId ?? '';
    if (!this.#peer || [...this.#watched.values()].includes(producerId)) return;
    const answer = await this.#ask('consume', { producerId }, lost);
    if (!answer) return;
    if (!answer.ok) throw new Error(answer.error.message);
    this.#watched.set((answer.data as { id: string }).id, producerId);
  }

  async #leave(lost: Lost): Promise<void> {
    if (!this.#peer) return;
    const answer = await this.#ask('leave', {}, lost);
    // It wants to be in no room, whatever became of the answer; it asks again when it is back.
    if (answer) this.#forget();
    await this.#drop();
  }

  #forget(): void {
    this.#resumeToken = undefined;
    this.#watched = new Map();
    this.#joins += 1;
  }

  /** Asks, unless request or answer are lost with the connection: then there is no answer. */
  async #ask(method: string, data: unknown, lost: Lost) {
    const peer = this.#peer;
    if (!peer) throw new Error('there is no connection');
    const answered = lost === 'before' ? undefined : peer.raw(method, data);
    const answer = lost === 'midway' ? undefined : await answered;
    if (lost === 'no') return answer;
    await this.#drop();
    return undefined;
  }

  /** The connection breaks, and the server notices. */
  async #drop(): Promise<void> {
    const peer = this.#peer;
    if (!peer) return;
    this.#peer = undefined;
    peer.socket.terminate();
    await connected(this.#server, this.#witnesses.length);
  }
}

/** Waits until the server has no more connections than so many. */
async function connected({ app }: TestServer, count: number): Promise<void> {
  const { clients } = app.websocketServer;
  while (clients.size > count) {
    const waited = new AbortController();
    const { signal } = waited;
    await Promise.race([...clients].map((socket) => once(socket, 'close', { signal })));
    waited.abort();
  }
}

t.test('whatever is lost on the way, a client is there once, and nobody misses anything', async (t) => {
  const clock = new TestClock();
  const server = await testServer(
    t,
    { RESUME_GRACE_MS: String(GRACE_MS), MESSAGES_BURST: '1000', MAX_PARTICIPANTS_PER_USER: '2' },
    { clock },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (schedule) => {
      const cookie = await newUser(server.url);
      const witnesses: Witness[] = [];
      for (let n = 0; n < 2; n += 1) {
        const peer = await Peer.inRoom(t, server.url, 'tea');
        witnesses.push({ peer, producerId: await camera(peer) });
      }
      const client = new Client(t, server, { clock, cookie, witnesses });
      for (const one of schedule) {
        await client.take(one);
        if (client.isConnected) await client.settle();
      }
      await client.settle();
      await client.leave();
      for (const { peer } of witnesses) peer.socket.terminate();
      await connected(server, 0);
      server.rooms.find('tea')?.close('room_closed');
    }),
    { numRuns: 40, seed: 17, endOnFailure: true },
  );
  t.equal(server.streams.mended, 0);
});
