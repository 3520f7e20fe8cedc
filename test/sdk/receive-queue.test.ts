import fc from 'fast-check';
import type { types } from 'mediasoup-client';
import t from '../support/tap.ts';
import { ReceiveQueue, Superseded } from '../../client/sdk/receive-queue.ts';
import type { Consumer as ConsumerOffer } from '../../server/protocol/model.ts';

/** As mediasoup-client behaves: what is asked for at once is negotiated at once, and a failure stays with the transport. */
class FakeTransport {
  negotiations = 0;
  readonly #isBad: (id: string) => boolean;
  #asked: { id: string; resolve: (consumer: { id: string }) => void; reject: (error: Error) => void }[] = [];
  #broken = false;

  constructor(isBad: (id: string) => boolean) {
    this.#isBad = isBad;
  }

  consume({ id }: { id: string }): Promise<{ id: string }> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) queueMicrotask(() => this.#negotiate());
      this.#asked.push({ id, resolve, reject });
    });
  }

  #negotiate(): void {
    this.negotiations += 1;
    const asked = this.#asked.splice(0);
    this.#broken ||= asked.some(({ id }) => this.#isBad(id));
    for (const { id, resolve, reject } of asked) {
      if (this.#broken) reject(new Error(`no ${id}`));
      else resolve({ id });
    }
  }
}

const offerOf = (id: string) => ({ id, producerId: id }) as ConsumerOffer;

/** Asks for tracks, again where the transport was replaced, until each is there or has failed by itself. */
async function receive(ids: readonly string[], isBad: (id: string) => boolean) {
  const transports: FakeTransport[] = [];
  const begin = () => {
    const transport = new FakeTransport(isBad);
    transports.push(transport);
    queue.begin(transport as unknown as types.Transport);
  };
  const queue = new ReceiveQueue(() => {
    queueMicrotask(() => {
      queue.end();
      begin();
    });
  });
  const received = new Map<string, number>();
  const failed = new Set<string>();
  const ask = async (id: string): Promise<void> => {
    const turn = transports.length;
    try {
      await queue.consume(offerOf(id));
      received.set(id, turn);
    } catch (error) {
      if (error instanceof Superseded) await ask(id);
      else failed.add(id);
    }
  };
  begin();
  await Promise.all(ids.map(ask));
  return { received, failed, transports };
}

t.test('every track that can be received is, and every other one fails', async () => {
  const tracks = fc.uniqueArray(fc.record({ id: fc.uuid(), bad: fc.boolean() }), {
    selector: ({ id }) => id,
  });
  await fc.assert(
    fc.asyncProperty(tracks, async (tracks) => {
      const bad = new Set(tracks.filter((one) => one.bad).map(({ id }) => id));
      const ids = tracks.map(({ id }) => id);
      const { received, failed, transports } = await receive(ids, (id) => bad.has(id));
      const missing = ids.filter((id) => !bad.has(id) && !received.has(id));
      if (missing.length > 0) throw new Error(`not received: ${missing.join()}`);
      if (failed.size !== bad.size) throw new Error(`${failed.size} failed, ${bad.size} are bad`);
      // The first batches may fail as a whole, and each bad one costs one transport of its own.
      if (transports.length > bad.size + 3) throw new Error(`${transports.length} transports`);
    }),
  );
  t.pass();
});

t.test('tracks that wait are negotiated in one go', async (t) => {
  const ids = Array.from({ length: 96 }, (_, index) => String(index));
  const { transports } = await receive(ids, () => false);
  t.same(
    transports.map(({ negotiations }) => negotiations),
    [2],
    'the first one, then all that came meanwhile',
  );
});

t.test('what waits is told when the transport goes', async (t) => {
  const queue = new ReceiveQueue(() => undefined);
  const waiting = queue.consume(offerOf('a'));
  queue.end();
  await t.rejects(waiting, { name: 'Superseded' });
});
