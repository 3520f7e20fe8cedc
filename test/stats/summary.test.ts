import t from '../support/tap.ts';
import { summarize, WORST_MINUTES } from '../../server/stats/asking/summary.ts';
import type { SummarizedParticipant } from '../../server/stats/asking/stats-records.ts';
import type { Minute } from '../../server/stats/asking/minute.ts';

const someone = (id: string): SummarizedParticipant => ({
  id,
  userId: id,
  displayName: id.toUpperCase(),
  joinedAt: new Date(0),
  leftAt: undefined,
  leaveReason: undefined,
  minutes: 30,
  hidden: false,
  figures: {},
  path: undefined,
});

const minute = (participantId: string, n: number, upLossRatio: number): Minute => ({
  at: n * 60_000,
  participantId,
  measured: 2,
  figures: { upLossRatio },
});

t.test('the worst minutes come first, and are few', (t) => {
  const minutes = Array.from({ length: 15 }, (_, n) => minute('ada', n, 0.05 + n / 100));
  const { worstMinutes, participants, verdict } = summarize([someone('ada'), someone('ben')], minutes);
  t.equal(worstMinutes.length, WORST_MINUTES);
  t.match(worstMinutes[0], { at: 14 * 60_000, displayName: 'ADA', cause: 'participant', side: 'up' });
  t.same(
    worstMinutes.map(({ at }) => at / 60_000),
    [14, 13, 12, 11, 10, 9, 8, 7, 6, 5],
  );
  t.match(participants, [
    { id: 'ada', side: 'up' },
    { id: 'ben', side: 'ok', reasons: [] },
  ]);
  t.same(verdict.participants, ['ada']);
  t.end();
});

t.test('who is not to be named is counted all the same', (t) => {
  const minutes = ['ada', 'ben', 'monitor'].map((id) => ({ ...minute(id, 1, 0.2), measured: 3 }));
  const { verdict, worstMinutes, participants } = summarize([someone('ada'), someone('ben')], minutes);
  t.equal(verdict.side, 'server');
  t.same(
    worstMinutes.map(({ participantId }) => participantId),
    ['ada', 'ben'],
  );
  t.notMatch(JSON.stringify([verdict, participants]), /monitor/);
  t.end();
});
