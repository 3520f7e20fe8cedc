/**
 * What has to be done one after another. `enter` waits for everything before it; `leave` does not wait for what is under way in a room,
 * which ends with it. Both hold up everything after them.
 */
export type Lane = NamedLane | 'enter' | 'leave';

interface NamedLane {
  readonly name: string;
  /** Another lane, of which it waits for what is under way. */
  readonly after?: string;
}

/** Making and closing transports. */
const TRANSPORTS = 'transports';

const field = (data: unknown, name: string): string => {
  if (typeof data !== 'object' || data === null) return '';
  const value: unknown = Reflect.get(data, name);
  return typeof value === 'string' ? value : '';
};

/**
 * The lane of a request. Order matters for what concerns one transport, one producer or one consumer, and for entering and leaving a
 * room; what is to be received needs the transport that was asked for before. Nothing else waits for each other.
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
    case 'closeTransport':
      return { name: TRANSPORTS };
    case 'connectTransport':
    case 'restartIce':
    case 'produce':
      return { name: `transport ${field(data, 'transportId')}` };
    case 'pauseProducer':
    case 'resumeProducer':
    case 'closeProducer':
      return { name: `producer ${field(data, 'producerId')}` };
    case 'consume':
      return { name: `producer ${field(data, 'producerId')}`, after: TRANSPORTS };
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
    const { name, after = name } = lane;
    const end = Promise.all([this.#room, this.#ends.get(name), this.#ends.get(after)])
      .then(work)
      .finally(() => {
        if (this.#ends.get(name) === end) this.#ends.delete(name);
      });
    this.#ends.set(name, end);
  }

  /** Resolves when everything is done that was to be run until now. */
  async settled(): Promise<void> {
    await Promise.all([this.#room, ...this.#ends.values()]);
  }
}
