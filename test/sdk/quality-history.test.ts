import t from '../support/tap.ts';
import { RemoteParticipant, RemotePublication } from '../../client/sdk/participants.ts';
import { QualityHistory } from '../../client/sdk/quality-history.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { ReportedTrack } from '../../server/protocol/stats-report.ts';

/** Sent in a second by everybody who sends anything. */
const BYTES_PER_S = 50_000;

/** A history of a room in which Ada is, looked at once a second. */
function history() {
  const participants = new Map<string, RemoteParticipant>();
  const local = new Map<TrackSource, never>();
  let changes = 0;
  const all = () => [...participants.values()].flatMap(({ publications }) => [...publications.values()]);
  const quality = new QualityHistory(
    {
      participants,
      get publications() {
        return all();
      },
    },
    { publications: local },
    () => (changes += 1),
  );
  quality.begin(0);
  return {
    quality,
    changes: () => changes,
    join: (id: string): RemoteParticipant => {
      const participant = new RemoteParticipant({ id, displayName: id });
      participants.set(id, participant);
      return participant;
    },
    leave: (id: string) => participants.delete(id),
    /** @param seconds Since the beginning. */
    look: (seconds: number, tracks: (Partial<ReportedTrack> & { id: string })[]) =>
      quality.onStatistics([
        { transportId: 'send', atMs: seconds * 1_000 - 3, bytesSent: 0, bytesReceived: 0, tracks: [] },
        {
          transportId: 'recv',
          atMs: seconds * 1_000,
          bytesSent: 0,
          bytesReceived: 0,
          rttMs: 12,
          tracks: tracks.map((track) => ({ bytes: 0, ...track })),
        },
      ]),
  };
}

/** Of which no more than its id is looked at. */
const consumerOf = (id: string): RemotePublication['consumer'] =>
  ({ id }) satisfies Partial<RemotePublication['consumer']> as unknown as RemotePublication['consumer'];

/** Something that is received under the id of its consumer. */
function receive(from: RemoteParticipant, source: TrackSource, consumerId: string): RemotePublication {
  const kind = source === 'camera' || source === 'screen_share' ? 'video' : 'audio';
  const publication = new RemotePublication(from.id, {
    id: `${from.id} ${source}`,
    kind,
    source,
    paused: false,
  });
  publication.consumer = consumerOf(consumerId);
  from.publications.set(publication.id, publication);
  return publication;
}

const sound = (id: string, seconds: number) => ({
  id,
  bytes: BYTES_PER_S * seconds,
  packetsReceived: 50 * seconds,
  packetsLost: 0,
  jitterMs: 2,
});

t.test('what arrives of each is remembered for a minute', (t) => {
  const { quality, join, look, changes } = history();
  receive(join('ben'), 'microphone', 'c1');
  receive(join('cleo'), 'microphone', 'c2');
  for (let second = 1; second <= 100; second += 1)
    look(second, [sound('c1', second), sound('c2', 2 * second)]);
  for (const [id, bitrate] of [
    ['ben', 400_000],
    ['cleo', 800_000],
  ] as const) {
    const points = quality.of(id);
    t.equal(points.length, 61);
    t.ok(points.every(({ downBitrateBps, score = 0 }) => downBitrateBps === bitrate && score > 4));
    t.match(points.at(-1), { periodMs: 1_000, downLossRatio: 0, downJitterMs: 2, rttMs: 12 });
  }
  t.same(quality.of('nobody'), []);
  t.same(quality.own, []);
  t.equal(changes(), 100);
  t.end();
});

t.test('a consumer in place of another, one that was there unseen, and what is muted', (t) => {
  const { quality, join, leave, look } = history();
  const ben = join('ben');
  const first = receive(ben, 'microphone', 'c1');
  look(1, [sound('c1', 1)]);
  look(2, [sound('c1', 2)]);

  first.consumer = consumerOf('c2');
  look(3, [sound('c2', 1)]);
  t.equal(quality.of('ben').at(-1)?.downBitrateBps, 400_000, 'a new one counts from its beginning');

  look(4, []);
  t.same(Object.keys(quality.of('ben').at(-1) ?? {}), ['at', 'periodMs'], 'the browser said nothing');
  look(5, [sound('c2', 900)]);
  t.equal(quality.of('ben').at(-1)?.downBitrateBps, undefined, 'how far it had counted is not known');
  look(6, [sound('c2', 901)]);
  t.equal(quality.of('ben').at(-1)?.downBitrateBps, 400_000);

  first.muted = true;
  look(7, [sound('c2', 901)]);
  t.equal(quality.of('ben').at(-1)?.score, undefined, 'what is muted says nothing');
  t.equal(quality.of('ben').length, 7);

  leave('ben');
  look(8, []);
  t.same(quality.of('ben'), []);
  t.end();
});

t.test('of oneself the server tells, until it does not', (t) => {
  const { quality, look } = history();
  look(1, []);
  quality.onMeasured(
    { intervalMs: 1_000, upBitrateBps: 1_000_000, upLossRatio: 0.2, upAudioLossRatio: 0.2, rttMs: 30 },
    1_000,
  );
  t.match(quality.own.at(-1), { upBitrateBps: 1_000_000, rttMs: 30, reason: 'up_loss' });
  t.ok((quality.own.at(-1)?.score ?? 5) < 3, 'a fifth of the sound is lost');
  look(2, []);
  look(3, []);
  t.equal(quality.own.length, 1);
  look(4, []);
  t.equal(quality.own.at(-1)?.score, undefined);
  t.equal(quality.own.at(-1)?.upBitrateBps, undefined);
  t.end();
});

t.test('another connection counts anew', (t) => {
  const { quality, join, look } = history();
  const one = receive(join('ben'), 'microphone', 'c1');
  look(1, [sound('c1', 1)]);
  quality.begin(50_000);
  one.consumer = consumerOf('c9');
  look(52, [sound('c9', 2)]);
  t.match(quality.of('ben').at(-1), { periodMs: 2_000, downBitrateBps: 400_000 });
  t.end();
});
