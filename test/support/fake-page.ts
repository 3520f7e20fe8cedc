import { setImmediate } from 'node:timers/promises';
import { install, type Clock } from '@sinonjs/fake-timers';
import type { types } from 'mediasoup-client';
import { generateLocalDtlsParameters, generateNativeRtpCapabilities } from 'mediasoup-client/fakeParameters';
import { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import type { LinkOptions } from '../../client/sdk/link.ts';
import { Room } from '../../client/sdk/room.ts';
import { FakeSignalling, FakeSocket } from './fake-signalling.ts';

/** Steps in which time passes, in ms: where something is waited for, and else. */
const STEP_MS = 50;
const LONG_STEP_MS = 250;
/** Turns of the event loop after which all is done that follows from one step. */
const TURNS = 12;

const fakeWebRtc = FakeHandler.createFactory({ generateNativeRtpCapabilities, generateLocalDtlsParameters });

/** What a page of a browser has and Node.js has not, with a signalling, a WebRTC and a time of the test's own. */
export class FakePage {
  readonly signalling = new FakeSignalling();
  readonly window = new EventTarget();
  readonly navigator = { onLine: true };
  /** Packets come by the network path, also of the media of others. */
  isFlowing = true;
  #bytes = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Timers that wait: what a page that was left must not have. */
  get timers(): number {
    return this.#clock.countTimers();
  }

  /** Lets so many ms pass, and everything happen that follows. */
  async pass(ms: number): Promise<void> {
    await settled();
    for (let passed = 0; passed < ms; passed += LONG_STEP_MS) {
      this.#clock.tick(Math.min(LONG_STEP_MS, ms - passed));
      await settled();
    }
  }

  /** Waits for something while time passes. @throws Error where it takes longer than so many ms. */
  async within<T>(ms: number, promise: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const settling = promise.finally(() => (state.isDone = true));
    settling.catch(() => undefined);
    await this.until('an answer', () => state.isDone, ms);
    return settling;
  }

  /** Lets time pass until something is so. @returns the time that it took, in ms, to the next 50. */
  async until(what: string, isSo: () => boolean, withinMs = 60_000): Promise<number> {
    for (let passed = 0; passed <= withinMs; passed += STEP_MS) {
      await settled();
      if (isSo()) return passed;
      this.#clock.tick(STEP_MS);
    }
    throw new Error(`Not within ${withinMs} ms: ${what}.`);
  }

  /** An event of the window. */
  happen(event: 'online' | 'offline' | 'pagehide' | 'pageshow'): void {
    if (event === 'online' || event === 'offline') this.navigator.onLine = event === 'online';
    this.window.dispatchEvent(new Event(event));
  }

  /** Joins the room, and writes down what it tells. */
  async join(options: Partial<LinkOptions> = {}): Promise<{ room: Room; told: string[] }> {
    const room = await this.within(60_000, Room.join({ ...this.options, ...options }));
    const told: string[] = [];
    room.on('stateChanged', (state) => told.push(state));
    room.on('participantJoined', ({ id }) => told.push(`+${id}`));
    room.on('participantLeft', ({ id }) => told.push(`-${id}`));
    room.on('trackSubscribed', ({ id }) => told.push(`plays ${id}`));
    room.on('trackUnsubscribed', ({ id }) => told.push(`ends ${id}`));
    room.on('localTrackMuted', (source) => told.push(`muted ${source}`));
    room.on('localTrackStopped', (source) => told.push(`stopped ${source}`));
    await settled();
    return { room, told };
  }

  readonly options: LinkOptions = {
    url: 'ws://room.invalid/ws',
    room: 'room',
    displayName: 'Ada',
    handlerFactory: { ...fakeWebRtc, factory: (options) => this.#handler(options) },
  };

  #handler(options: Parameters<types.HandlerFactory['factory']>[0]): types.HandlerInterface {
    const handler = fakeWebRtc.factory(options);
    const receive = handler.receive.bind(handler);
    const rtpReceiver = {
      getSynchronizationSources: () => [{ timestamp: this.#received() }],
    } as unknown as RTCRtpReceiver;
    handler.receive = async (list) => (await receive(list)).map((one) => ({ ...one, rtpReceiver }));
    handler.getTransportStats = () =>
      Promise.resolve(
        new Map([['pair', { type: 'candidate-pair', bytesReceived: this.#received() }]]) as RTCStatsReport,
      );
    return handler;
  }

  /** Grows while packets come. */
  #received(): number {
    if (this.isFlowing) this.#bytes += 1;
    return this.#bytes;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
}

/** Runs a test on a page of its own. What is global in a browser is global until it ends. */
export async function onFakePage(run: (page: FakePage) => Promise<void>): Promise<void> {
  const clock = install({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  });
  const page = new FakePage(clock);
  const { signalling, window } = page;
  const globals = {
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(url, signalling);
      }
    },
    navigator: page.navigator,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    sessionStorage: storage(),
    localStorage: storage(),
    fetch: () => Promise.resolve(validation(signalling)),
  };
  const names = Object.keys(globals);
  const former = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    await run(page);
  } finally {
    for (const [name, descriptor] of former) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
    clock.uninstall();
  }
}

/** What `GET /api/v1/validate` answers. */
function validation({ reachable, refusal }: FakeSignalling): Response {
  if (reachable !== 'yes' && !refusal) throw new TypeError('fetch failed');
  return refusal ? Response.json(refusal, { status: 403 }) : Response.json({});
}

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}
