import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup-client';
import t from '../support/tap.ts';
import { SignallingError } from '../../client/sdk/errors.ts';
import { IceRestarting, type IceRestartingOptions } from '../../client/sdk/ice-restarting.ts';

type State = types.ConnectionState;

/** What a transport of the browser does when ICE is restarted: it fails, or does what is said. */
class FakeTransport extends EventEmitter {
  readonly id = 'transport';
  readonly observer = new EventEmitter();
  connectionState: State = 'connected';
  closed = false;
  restarts = 0;
  /** Firefox cannot do it. */
  takesServers = true;
  restarting: () => void = () => undefined;

  become(state: State): void {
    this.connectionState = state;
    this.emit('connectionstatechange', state);
  }

  close(): void {
    this.closed = true;
    this.observer.emit('close');
  }

  updateIceServers(): Promise<void> {
    return this.takesServers ? Promise.resolve() : Promise.reject(new Error('UnsupportedError'));
  }

  async restartIce(): Promise<void> {
    await Promise.resolve();
    this.restarts += 1;
    this.restarting();
  }
}

/** Time that goes on when it is told to. */
class FakeTime {
  #now = 0;
  #waiting: { at: number; callback: () => void }[] = [];

  readonly after = (ms: number, callback: () => void) => {
    const entry = { at: this.#now + ms, callback };
    this.#waiting.push(entry);
    return () => (this.#waiting = this.#waiting.filter((one) => one !== entry));
  };

  /** Lets so many ms pass, and everything happen that follows from each. */
  async pass(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end;) {
      this.#now += 100;
      const due = this.#waiting.filter(({ at }) => at <= this.#now);
      this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
      for (const { callback } of due) callback();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  }
}

/** Something that is cut, and a server that answers a request to restart as `answers` say, then always well. */
function cut(...answers: (SignallingError['code'] | 'ok')[]) {
  const time = new FakeTime();
  const transport = new FakeTransport();
  const told = { asked: 0, lost: 0 };
  const path = new IceRestarting({
    transport: transport as unknown as IceRestartingOptions['transport'],
    ask: () => {
      told.asked += 1;
      const answer = answers.shift() ?? 'ok';
      if (answer !== 'ok') return Promise.reject(new SignallingError(answer, answer));
      const iceParameters = { usernameFragment: 'u', password: 'p', iceLite: true };
      return Promise.resolve({ iceParameters, iceServers: [] });
    },
    lost: () => (told.lost += 1),
    after: time.after,
  });
  return { transport, told, path, pass: (ms: number) => time.pass(ms) };
}

t.test('a path that is cut is looked for at once, also where the browser takes no new servers', async (t) => {
  for (const takesServers of [true, false]) {
    const { transport, told, pass } = cut();
    transport.takesServers = takesServers;
    transport.restarting = () => transport.become('connected');
    transport.become('disconnected');
    await pass(1_000);
    t.equal(transport.restarts, 1);
    await pass(60_000);
    t.same([transport.restarts, told.asked, told.lost], [1, 1, 0], 'and then no more');
  }
});

t.test('a cut that heals by itself asks for nothing', async (t) => {
  const { transport, told, pass } = cut();
  transport.become('disconnected');
  await pass(300);
  transport.become('connected');
  await pass(60_000);
  t.equal(told.asked, 0);
});

t.test('only what is final ends the place', async (t) => {
  for (const passing of ['rate_limited', 'unavailable', 'internal', 'unreachable'] as const) {
    const { transport, told, pass } = cut(passing, passing, passing, passing);
    transport.restarting = () => transport.become('connected');
    transport.become('failed');
    await pass(60_000);
    t.same([told.asked, transport.restarts, told.lost], [5, 1, 0], passing);
  }
  for (const final of ['not_found', 'not_joined'] as const) {
    const { transport, told, pass } = cut(final);
    transport.become('failed');
    await pass(60_000);
    t.same([told.asked, told.lost], [1, 1], final);
  }
});

t.test('it goes on while the path stays cut, at growing intervals', async (t) => {
  const { transport, told, pass } = cut();
  transport.become('failed');
  await pass(60_000);
  t.ok(told.asked >= 6 && told.asked <= 15, `${told.asked} times in a minute`);
  t.equal(told.lost, 0);
  transport.close();
  await pass(60_000);
  t.equal(transport.restarts, told.asked, 'and ends with the transport');
});

t.test('a browser that cannot restart ICE again and again is given up', async (t) => {
  const { transport, told, pass } = cut();
  transport.restarting = () => {
    throw new Error('InvalidStateError');
  };
  transport.become('failed');
  await pass(60_000);
  t.same([transport.restarts, told.lost], [3, 1]);
});

t.test('when the signalling is back, it is tried at once', async (t) => {
  const { transport, told, path, pass } = cut(...Array.from({ length: 6 }, () => 'unreachable' as const));
  transport.become('failed');
  await pass(20_000);
  const before = told.asked;
  path.again();
  await pass(100);
  t.equal(told.asked, before + 1);
});

t.test('a path by which nothing comes is looked for before the browser notices, once', async (t) => {
  const { transport, told, path, pass } = cut();
  path.suspect(false);
  await pass(1_000);
  t.equal(told.asked, 0);
  for (let looks = 0; looks < 10; looks += 1) {
    path.suspect(true);
    await pass(200);
  }
  t.equal(transport.restarts, 1, 'while it may still be found');
  await pass(5_000);
  t.equal(transport.restarts, 2, 'and again where it was not');
  path.suspect(false);
  await pass(60_000);
  t.equal(transport.restarts, 2, 'until something comes');
  path.suspect(true);
  await pass(100);
  t.equal(transport.restarts, 3, 'another time is another one');
});

t.test('on another network it is looked for at once, be it after the signalling is back', async (t) => {
  const { transport, told, path, pass } = cut('unreachable');
  path.renew();
  await pass(100);
  t.same([told.asked, transport.restarts], [1, 0]);
  path.again();
  await pass(100);
  t.same([told.asked, transport.restarts], [2, 1]);
  path.again();
  await pass(60_000);
  t.equal(transport.restarts, 1, 'that is enough');
});
