import t from '../support/tap.ts';
import type { Timeline } from '../../client/ui/stats/answers.ts';
import { withEverybody } from '../../client/ui/stats/merge.ts';

/** A timeline of a minute, in which everybody sent as much. */
const timeline = (people: string[], bps: number): Timeline => ({
  roomId: 'id',
  roomName: 'tea',
  startedAt: '2026-01-01T10:00:00Z',
  from: '2026-01-01T10:00:00Z',
  to: '2026-01-01T10:01:00Z',
  step: 60,
  time: [Date.parse('2026-01-01T10:00:00Z') / 1000],
  participants: people.map((participantId) => ({
    participantId,
    displayName: participantId,
    joinedAt: '2026-01-01T10:00:00Z',
    fields: { upBitrateBps: [bps] },
  })),
  events: [],
  isComplete: true,
});

const valuesOf = ({ participants }: Timeline) =>
  participants.map(({ participantId, fields }) => [participantId, fields['upBitrateBps']?.[0]]);

t.test('a part has everybody of the whole, in that order, with nothing of who was away', (t) => {
  const whole = timeline(['ada', 'ben', 'cy'], 1);
  t.same(valuesOf(withEverybody(timeline(['cy', 'ada'], 2), whole)), [
    ['ada', 2],
    ['ben', undefined],
    ['cy', 2],
  ]);
  t.same(valuesOf(withEverybody(timeline([], 2), whole)).flat(), [
    'ada',
    undefined,
    'ben',
    undefined,
    'cy',
    undefined,
  ]);
  t.end();
});

t.test('of very many people the whole does not tell all: a part adds those that it has alone', (t) => {
  t.same(valuesOf(withEverybody(timeline(['dan', 'ada'], 2), timeline(['ada'], 1))), [
    ['ada', 2],
    ['dan', 2],
  ]);
  t.end();
});
