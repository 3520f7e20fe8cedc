import fc from 'fast-check';
import t from '../support/tap.ts';
import type { Summary, Timeline, TimelineEvent } from '../../client/ui/stats/answers.ts';
import { csvOf } from '../../client/ui/stats/csv.ts';
import { marksOf } from '../../client/ui/stats/marks.ts';
import { withoutUnfinished, withTail } from '../../client/ui/stats/merge.ts';
import { spellsOf } from '../../client/ui/stats/spells.ts';

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** A timeline from a step to another one, in which a figure is the time itself. */
function timeline(from: number, to: number, people: string[], events: TimelineEvent[] = []): Timeline {
  const step = 5;
  const time = Array.from({ length: (to - from) / step }, (_, n) => from + n * step);
  return {
    roomId: 'id',
    roomName: 'tea',
    startedAt: iso(0),
    from: iso(from),
    to: iso(to),
    step,
    time,
    participants: people.map((participantId) => ({
      participantId,
      displayName: participantId,
      joinedAt: iso(0),
      fields: { upBitrateBps: time },
    })),
    events,
    isComplete: true,
  };
}

const path = (at: number, protocol: 'udp' | 'tcp', candidateType = 'host'): TimelineEvent => ({
  at: iso(at),
  participantId: 'ada',
  type: 'path',
  transportId: 'one',
  direction: 'send',
  protocol,
  candidateType,
});

const layers = (at: number, spatialLayer: number): TimelineEvent => ({
  at: iso(at),
  participantId: 'ada',
  type: 'layers',
  trackId: 'track',
  source: 'camera',
  publisherId: 'ben',
  spatialLayer,
  temporalLayer: 2,
});

t.test('a live timeline grows as if it had been read at once', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 39 }), (steps, overlap) => {
      const [half, end] = [200, 200 + steps * 5];
      const begin = Math.max(0, half - overlap * 5);
      const merged = withTail(timeline(0, half, ['ada', 'ben']), timeline(begin, end, ['ada', 'cy']));
      t.same(merged.time, timeline(0, end, []).time);
      const of = (id: string) =>
        merged.participants.find(({ participantId }) => participantId === id)?.fields['upBitrateBps'];
      t.same(of('ada'), merged.time);
      t.same(
        of('ben'),
        merged.time.map((at) => (at < begin ? at : null)),
        'of who left nothing is known',
      );
      t.same(
        of('cy'),
        merged.time.map((at) => (at < begin ? null : at)),
        'nor of a newcomer before',
      );
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('what an answer begins with is a change only where it is one', (t) => {
  const known = timeline(0, 100, ['ada'], [path(0, 'udp'), layers(20, 2)]);
  const same = withTail(known, timeline(80, 120, ['ada'], [path(80, 'udp'), layers(80, 2), layers(110, 0)]));
  t.same(
    same.events.map(({ at, type }) => [Date.parse(at) / 1000, type]),
    [
      [0, 'path'],
      [20, 'layers'],
      [110, 'layers'],
    ],
  );
  const relayed = withTail(known, timeline(80, 120, ['ada'], [path(80, 'udp', 'relay')]));
  t.equal(relayed.events.length, 3);
  t.end();
});

t.test('of a call that goes on the last step is left out: it is not over', (t) => {
  const live = withoutUnfinished(timeline(0, 20, ['ada']));
  t.same(
    [live.to, live.time, live.participants[0]?.fields],
    [iso(15), [0, 5, 10], { upBitrateBps: [0, 5, 10] }],
  );
  t.same(withoutUnfinished(timeline(0, 5, ['ada'])), timeline(0, 5, ['ada']), 'unless there is no other');
  const over = { ...timeline(0, 20, ['ada']), endedAt: iso(18) };
  t.same(withoutUnfinished(over), over);
  t.end();
});

t.test('what happened is marked in words', (t) => {
  const events: TimelineEvent[] = [
    { at: iso(0), participantId: 'ada', type: 'joined' },
    path(5, 'tcp', 'relay'),
    layers(10, 2),
    layers(20, 0),
    layers(30, 1),
    { at: iso(90), participantId: 'ada', type: 'left', reason: 'connection_lost' },
  ];
  t.same(marksOf(timeline(0, 100, ['ada', 'ben'], events)).get('ada'), [
    { at: 0, kind: 'joined', label: 'joined', text: 'joined' },
    { at: 5, kind: 'path', label: 'relay by tcp', text: 'sends by relay by tcp' },
    { at: 20, kind: 'lower layer', label: '', text: 'ben’s video: lower layer (spatial 0, temporal 2)' },
    { at: 30, kind: 'higher layer', label: '', text: 'ben’s video: higher layer (spatial 1, temporal 2)' },
    { at: 90, kind: 'left', label: 'left', text: 'left: the connection was lost' },
  ]);
  t.end();
});

t.test('CSV has what is shown, and no name becomes a formula', (t) => {
  const one = timeline(0, 20, ['=1+1', 'a "b", c']);
  const names = ['x;=1+1;', '＝1', ' @x'].map((name) => csvOf(timeline(0, 5, [name]), { from: 0, to: 5 }));
  t.match(names[0], /"x =1\+1 ",0/);
  t.match(names[1], /"'＝1",0/);
  t.match(names[2], /"' @x",0/);
  t.same(csvOf(one, { from: 5, to: 15 }).split('\r\n'), [
    'time,participantId,displayName,upBitrateBps,downBitrateBps,upLossRatio,downLossRatio',
    `1970-01-01T00:00:05.000Z,=1+1,"'=1+1",5,,,`,
    `1970-01-01T00:00:10.000Z,=1+1,"'=1+1",10,,,`,
    '1970-01-01T00:00:05.000Z,a "b", c,"a ""b"", c",5,,,',
    '1970-01-01T00:00:10.000Z,a "b", c,"a ""b"", c",10,,,',
    '',
  ]);
  t.end();
});

t.test('minutes that follow each other are one spell', (t) => {
  const minute = (at: number, displayName: string): Summary['worstMinutes'][number] => ({
    at: iso(at),
    participantId: displayName,
    displayName,
    side: 'up',
    cause: 'participant',
    reasons: [],
  });
  t.same(
    spellsOf([minute(120, 'ada'), minute(60, 'ada'), minute(120, 'ben'), minute(600, 'ada')]).map(
      ({ displayName, from, to }) => [displayName, from, to],
    ),
    [
      ['ada', 60, 180],
      ['ben', 120, 180],
      ['ada', 600, 660],
    ],
  );
  t.end();
});
