/**
 * What has to be done one after another. `enter` waits for everything before it; `leave` does not wait for what is under way in a room,
 * which ends with it. Both hold up everything after them.
 */
export type Lane = { readonly name: string } | 'enter' | 'leave';

const field = (data: unknown, name: string): string => {
  if (typeof data !== 'object' || data === null) return '';
  const value: unknown = Reflect.get(data, name);
  return typeof value === 'string' ? value : '';
};

/**
 * The lane of a request. Order matters for what concerns one transport, one producer or one consumer, and for entering and leaving a
 * room. Nothing else waits for each other.
 *
 * @param data As it was received; it need not fit the method.
 */
export function laneOf(method: string, data: unknown): Lane {
  switch (method) {
    case 'join':
    case 'resume':
      return 'enter';
    case 'leave':
      return 'leave';
    case 'createTransport':
      return { name: `transport ${field(data, 'direction')}` };
    case 'connectTransport':
    case 'restartIce':
    case 'closeTransport':
    case 'produce':
      return { name: `transport ${field(data, 'transportId')}` };
    case 'pauseProducer':
    case 'resumeProducer':
    case 'closeProducer':
    case 'consume':
      return { name: `producer ${field(data, 'producerId')}` };
    case 'pauseConsumer':
    case 'resumeConsumer':
    case 'closeConsumer':
    case 'setPreferredLayers':
      return { name: `consumer ${field(data, 'consumerId')}` };
    default:
      return { name: method };
  }
}

/** Runs work in lanes: one after another within a lane, and beside what is in others. */
export class Lanes {
  /** The end of each lane in which something is under way. */
  readonly #ends = new Map<string, Promise<void>>();
  /** The end of the last work that entered or left a room. */
  #room: Promise<void> = Promise.resolve();

  /** Runs work when its turn has come. It must not reject. */
  run(lane: Lane, work: () => Promise<void>): void {
    if (lane === 'enter') {
      this.#room = this.settled().then(work);
      return;
    }
    if (lane === 'leave') {
      this.#room = this.#room.then(work);
      return;
    }
    const end = Promise.all([this.#room, this.#ends.get(lane.name)])
      .then(work)
      .finally(() => {
        if (this.#ends.get(lane.name) === end) this.#ends.delete(lane.name);
      });
    this.#ends.set(lane.name, end);
  }

  /** Resolves when everything is done that was to be run until now. */
  async settled(): Promise<void> {
    await Promise.all([this.#room, ...this.#ends.values()]);
  }
}
