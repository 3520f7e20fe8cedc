import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { requireIdentity } from '../identity/require.ts';
import { choice, Exactly, Id, RoomName } from '../protocol/model.ts';
import { causes, ways, type BlamedMinute } from '../stats/asking/blame.ts';
import { usualFields } from '../stats/fields.ts';
import { troubleFields, troubles } from '../stats/asking/minute.ts';
import { summarize, WORST_MINUTES, type Summary } from '../stats/asking/summary.ts';
import { severities, sides, verdictSides, type Reason } from '../stats/asking/verdict.ts';
import { answer, refusals } from './answers.ts';
import { RoomPath } from './room-access.ts';
import { named, Query, ref, Time } from './schemas.ts';
import { fromStatistics, readRoom, roomSubject, type StatsSources } from './stats-access.ts';
import { PathAnswer } from './stats-answers.ts';
import { MINUTES_HOURS_MAX, minutesIn, period as moments } from './stats-query.ts';
import { byAnybody } from './stats.ts';

const PARTICIPANTS_MAX = 500;
/** Of more noticeable minutes the worst count. */
const MINUTES_MAX = 20_000;

const figuresOf = <T>(names: readonly string[], one: () => T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, one()]));

const Spread = Exactly({ min: Type.Number(), median: Type.Number(), p95: Type.Number() });
const Spreads = named(
  'FigureSpreads',
  'The least, the middle and the 95th percentile of each figure’s minutes; what nobody measured is not there.',
  figuresOf(usualFields, () => Type.Optional(Spread)),
);

const Cause = choice(
  causes,
  'On whose side: the participant’s own, that of a `publisher` whom they received, or the server’s and its network’s.',
);

const ReasonAnswer = named('TroubleReason', 'Why it was bad for somebody.', {
  what: choice(
    troubles,
    'Packets lost on the way up or down, a long round trip, or pictures that stood still.',
  ),
  cause: Cause,
  publisherId: Type.Optional(Type.String({ description: 'The participant whose publishing it was.' })),
  minutes: Type.Integer({ description: 'In how many minutes.' }),
  text: Type.String({ description: 'For people.' }),
});

const Participant = named('ParticipantSummary', 'What a call was like for somebody.', {
  participantId: Id,
  userId: Type.Optional(Type.String({ description: 'For those with a grant, and for oneself.' })),
  displayName: Type.String(),
  joinedAt: Time('When they came.'),
  leftAt: Type.Optional(Time('When they left; without it, they are there.')),
  leaveReason: Type.Optional(Type.String({ description: 'Why.' })),
  durationMs: Type.Integer({ description: 'How long they were there.' }),
  measuredMinutes: Type.Integer({ description: 'Of how many minutes something is known.' }),
  side: choice(
    sides,
    'On which of their own ways there was trouble: to the server (`up`), from it (`down`), or `both`.',
  ),
  reasons: Type.Array(ref(ReasonAnswer), {
    description: 'Why, the longest first; also what was on another side.',
  }),
  figures: ref(Spreads),
  path: Type.Optional(ref(PathAnswer)),
});

const WorstMinute = named('WorstMinute', 'A minute that was bad for somebody.', {
  at: Time('When it began.'),
  participantId: Id,
  displayName: Type.String(),
  side: choice(ways, 'On which way, as they had it.'),
  cause: Cause,
  publisherId: Type.Optional(Type.String({ description: 'The participant whose publishing it was.' })),
  reasons: Type.Array(choice(troubles)),
  figures: Exactly(figuresOf(troubleFields, () => Type.Optional(Type.Number()))),
});

const Verdict = named('CallVerdict', 'Whether a call was bad, and on whose side.', {
  severity: choice(severities, 'How bad it was for whom it was worst.'),
  side: choice(
    verdictSides,
    'On whose side: nobody’s (`none`), that of `participants`, of the `server` or its network, or of `both`.',
  ),
  text: Type.String({ description: 'The answer, for people.' }),
  participants: Type.Array(Id, { description: 'On whose side it was, the most affected first.' }),
});

const RoomSummary = named('RoomSummary', 'What a room’s calls were like, and whose side it was on.', {
  room: Exactly({
    id: Id,
    name: RoomName,
    startedAt: Time('When it was opened.'),
    endedAt: Type.Optional(Time('When it was closed; without it, it is open.')),
  }),
  from: Time('When the first minute that is looked at begins.'),
  to: Time('When the last one ends.'),
  durationMs: Type.Integer({ description: 'How long the session is, or was.' }),
  verdict: ref(Verdict),
  worstMinutes: Type.Array(ref(WorstMinute), { description: `At most ${WORST_MINUTES}, the worst first.` }),
  figures: ref(Spreads),
  isComplete: Type.Boolean({
    description: `False: there were more than ${PARTICIPANTS_MAX} participants, or ${MINUTES_MAX} noticeable minutes of participants, and the others were not looked at. Ask for a shorter period.`,
  }),
  participants: Type.Array(ref(Participant), {
    description: `Who came first, first; at most ${PARTICIPANTS_MAX}, those who were there longest.`,
  }),
});

const Period = Query(moments);

/** `/rooms/{id}/summary`: who was there, how it was for them, the worst minutes, and whose side it was on. */
export function registerStatsSummary(api: FastifyInstance, sources: StatsSources): void {
  const { stats, turns } = sources;
  for (const schema of [Spreads, ReasonAnswer, Participant, WorstMinute, Verdict, RoomSummary])
    api.addSchema(schema);
  api.get<{ Params: Static<typeof RoomPath>; Querystring: { from?: string; to?: string } }>(
    '/rooms/:id/summary',
    {
      schema: {
        operationId: 'getRoomSummary',
        summary: 'Says what a room’s calls were like, and whose side it was on',
        description:
          'By the grant `statsRead` or `roomAdmin`, and for those who are or were in that room: they see nobody who is hidden, ' +
          `and no user ids but their own. Without \`from\` and \`to\`: all of its session, or its last ${MINUTES_HOURS_MAX} hours.`,
        tags: ['stats'],
        params: RoomPath,
        querystring: Period,
        response: { 200: answer(ref(RoomSummary), 'The summary.'), ...refusals('forbidden', 'not_found') },
      },
      onRequest: byAnybody,
    },
    async (request) => {
      const reading = await readRoom(request, sources);
      const { session, asMember } = reading;
      const { id, roomName: name, startedAt, endedAt } = session;
      const now = Date.now();
      const ended = endedAt?.getTime() ?? now;
      const period = minutesIn(request.query, { from: startedAt.getTime(), to: ended });
      const { userId: own } = requireIdentity(request);
      const subject = await roomSubject(request, sources, reading);
      const [{ people, isEverybody }, figures, minutes] = await Promise.all([
        fromStatistics(request, turns, () => stats.summarized(id, period, PARTICIPANTS_MAX)),
        fromStatistics(request, turns, () => stats.roomFigures(subject, period)),
        fromStatistics(request, turns, () =>
          stats.troubledMinutes(id, period, MINUTES_MAX + 1, asMember ? own : undefined),
        ),
      ]);
      // Others are not told of who is hidden.
      const named = people.filter(({ hidden, userId }) => !asMember || !hidden || userId === own);
      const { verdict, worstMinutes, participants } = summarize(named, minutes.slice(0, MINUTES_MAX));
      return {
        room: { id, name, startedAt, endedAt },
        from: new Date(period.from),
        to: new Date(period.to),
        durationMs: ended - startedAt.getTime(),
        verdict,
        worstMinutes: worstMinutes.map(describeMinute),
        figures,
        isComplete: isEverybody && minutes.length <= MINUTES_MAX,
        participants: participants.map((one) => describe(one, ended, !asMember || one.userId === own)),
      };
    },
  );
}

function describe(one: Summary['participants'][number], ended: number, withUser: boolean) {
  const { id, userId, displayName, joinedAt, leftAt, leaveReason, minutes, side, reasons, figures, path } =
    one;
  return {
    participantId: id,
    userId: withUser ? userId : undefined,
    displayName,
    joinedAt,
    leftAt,
    leaveReason,
    durationMs: Math.max(0, (leftAt?.getTime() ?? ended) - joinedAt.getTime()),
    measuredMinutes: minutes,
    side,
    reasons: reasons.map(describeReason),
    figures,
    path,
  };
}

const describeReason = ({ what, cause, publisherId, minutes, text }: Reason) => ({
  what,
  cause,
  publisherId,
  minutes,
  text: `${text.charAt(0).toUpperCase()}${text.slice(1)}`,
});

function describeMinute(minute: BlamedMinute & { displayName: string }) {
  const { at, participantId, displayName, side, cause, publisherId, troubles, figures } = minute;
  const reasons = troubles.map(({ what }) => what);
  return { at: new Date(at), participantId, displayName, side, cause, publisherId, reasons, figures };
}
