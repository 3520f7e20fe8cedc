import fc from 'fast-check';
import t from '../support/tap.ts';
import type { Room } from '../../client/sdk/room.ts';
import type { Method } from '../../server/protocol/methods.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import { onFakePage, type FakePage } from '../support/fake-page.ts';
import { FakeTrack } from '../support/fake-track.ts';

const LOSABLE: Method[] = [
  'join',
  'resume',
  'createTransport',
  'connectTransport',
  'produce',
  'pauseProducer',
  'resumeProducer',
  'closeProducer',
  'consume',
  'resumeConsumer',
  'closeConsumer',
  'setPinned',
];
const SOURCES: TrackSource[] = ['camera', 'microphone', 'screen_share'];
const NAMES = ['ben', 'cem', 'dia'];
/** After so long without a fault both sides have to agree, in ms: the longest back-off, and what may be under way. */
const CALM_MS = 60_000;

interface Step {
  what: string;
  does: (page: FakePage, room: Room) => unknown;
}

const step = (what: string, does: Step['does']): Step => ({ what, does });

const faults = fc.oneof(
  fc
    .constantFrom(1006, 1001, 4009)
    .map((code) => step(`the socket ends with ${code}`, ({ signalling }) => signalling.socket.end(code))),
  fc.constant(
    step('the server closes the room under everybody', ({ signalling }) => signalling.socket.end(4010)),
  ),
  fc.constantFrom('yes', 'no', 'silent').map((reachable) =>
    step(`the server is reachable: ${reachable}`, ({ signalling }) => {
      signalling.reachable = reachable;
    }),
  ),
  fc.boolean().map((isFlowing) =>
    step(isFlowing ? 'media comes' : 'no media comes', (page) => {
      page.isFlowing = isFlowing;
    }),
  ),
  fc
    .constantFrom(...LOSABLE)
    .map((method) =>
      step(`an answer to ${method} is lost`, ({ signalling }) => void signalling.lost.push(method)),
    ),
  fc
    .record({
      method: fc.constantFrom(...LOSABLE),
      code: fc.constantFrom('unavailable', 'rate_limited'),
    })
    .map((refusal) =>
      step(`${refusal.method} is refused: ${refusal.code}`, ({ signalling }) => {
        signalling.refused.push(refusal);
      }),
    ),
  fc.constant(
    step('the place is gone', ({ signalling }) => {
      signalling.refused.push({ method: 'resume', code: 'not_found' });
      signalling.socket.end(1006);
    }),
  ),
);

const own = fc.constantFrom(...SOURCES).chain((source) =>
  fc.constantFrom<Step>(
    step(`publishes a ${source}`, (_, room) => {
      void room.publish(trackOf(source), source).catch(() => undefined);
    }),
    step(`takes back the ${source}`, (_, room) => {
      void room.unpublish(source).catch(() => undefined);
    }),
    step(`mutes the ${source}`, (_, room) => {
      void room.setMuted(source, true).catch(() => undefined);
    }),
    step(`unmutes the ${source}`, (_, room) => {
      void room.setMuted(source, false).catch(() => undefined);
    }),
  ),
);

const others = fc.constantFrom(...NAMES).chain((name) =>
  fc.constantFrom<Step>(
    step(`${name} comes`, ({ signalling }) => {
      if (!signalling.present.some(({ id }) => id === name)) signalling.seat(name, 'microphone', 'camera');
    }),
    step(`${name} goes`, ({ signalling }) => signalling.remove(name)),
    step(`pins ${name}`, (_, room) => {
      void room.setPinned(name, 'camera', true).catch(() => undefined);
    }),
    step(`leaves ${name} to the server`, (_, room) => {
      void room.setPinned(name, 'camera', false).catch(() => undefined);
    }),
    step(`${name} is offered`, ({ signalling }) => offer(signalling, `${name}-camera`)),
  ),
);

const time = fc
  .constantFrom(0, 50, 400, 3_000, 12_000)
  .map((ms) => step(`${ms} ms pass`, (page) => page.pass(ms)));

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: time },
    { weight: 3, arbitrary: faults },
    { weight: 2, arbitrary: own },
    others,
  ),
  { minLength: 1, maxLength: 30 },
);

t.test('whatever happens, the page and the server agree a minute later', { timeout: 120_000 }, (t) =>
  fc
    .assert(
      fc.asyncProperty(steps, (steps) =>
        onFakePage(async (page) => {
          const { signalling } = page;
          signalling.seat('ben', 'microphone', 'camera');
          const { room } = await page.join();
          for (const { does } of steps) await does(page, room);

          page.isFlowing = true;
          signalling.reachable = 'yes';
          signalling.lost.length = signalling.refused.length = 0;
          await page.pass(CALM_MS);
          if (room.state !== 'connected') throw new Error(`The room is ${room.state}.`);
          for (const name of NAMES) offer(signalling, `${name}-camera`);
          await page.pass(1_000);
          compare('own tracks', ownProducers(room), [...signalling.producers.keys()]);
          compare('muted', muted(room), mutedOn(signalling));
          compare(
            'others',
            [...room.participants.keys()],
            signalling.present.map(({ id }) => id),
          );
          const publications = [...room.participants.values()].flatMap((one) => [
            ...one.publications.values(),
          ]);
          const producers = signalling.present.flatMap((one) => one.producers);
          compare(
            'what they publish',
            publications.map(({ id }) => id),
            producers.map(({ id }) => id),
          );
          compare(
            'what is pinned',
            publications.flatMap((one) => (room.isPinned(one.participantId, one.source) ? [one.id] : [])),
            producers.flatMap(({ id }) => (signalling.pinned.has(id) ? [id] : [])),
          );
          compare(
            'what is received',
            publications.flatMap(({ consumer }) => (consumer && !consumer.closed ? [consumer.id] : [])),
            [...signalling.consumers.keys()],
          );
          compare(
            'what it is of',
            [...signalling.consumers.values()],
            producers.map(({ id }) => id),
          );

          room.leave();
          await page.pass(CALM_MS);
          if (page.timers > 0) throw new Error(`${page.timers} timers go on.`);
          if (signalling.sockets.some(({ readyState }) => readyState !== 3))
            throw new Error('A socket stays open.');
        }),
      ),
      { numRuns: 100 },
    )
    .then(() => t.pass()),
);

function offer(signalling: FakePage['signalling'], producerId: string): void {
  const isThere = signalling.present.some(({ producers }) => producers.some(({ id }) => id === producerId));
  if (isThere && ![...signalling.consumers.values()].includes(producerId)) signalling.offer(producerId);
}

const muted = (room: Room): string[] =>
  [...room.local.values()].flatMap(({ source, muted }) => (muted ? [source] : []));

const mutedOn = ({ producers }: FakePage['signalling']): string[] =>
  [...producers.values()].flatMap(({ source, paused }) => (paused ? [source] : []));

const ownProducers = (room: Room): string[] =>
  [...room.local.values()].map(({ source, producer }) => producer?.id ?? `${source} is not sent`);

function compare(what: string, page: string[], server: string[]): void {
  if (page.sort().join() !== server.sort().join())
    throw new Error(`${what}: the page has ${page.join()}, the server ${server.join()}.`);
}

const trackOf = (source: TrackSource): MediaStreamTrack =>
  new FakeTrack(source === 'microphone' ? 'audio' : 'video').asTrack;
