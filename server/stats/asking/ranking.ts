import type { TroubleKind } from './minute.ts';
import type { OpenedSession, SessionTrouble } from './stats-records.ts';
import type { Severity } from './verdict.ts';

export const rankings = ['worst', 'latest'] as const;
export type Ranking = (typeof rankings)[number];

/** Minutes of participants that are looked at together, at most: a minute of somebody is some four rollups. */
export const LOOKED_AT_MAX = 30_000;

/** A session, and how it was for whom it was worst. */
export interface RankedSession extends OpenedSession {
  /** Minutes of participants in which something was measured, and what was noticed in them. */
  measuredMinutes: number;
  /** Without those that were bad. */
  noticeableMinutes: number;
  badMinutes: number;
  severity: Severity;
  /** Undefined where nobody noticed anything. */
  worst: { participantId: string; displayName: string; reasons: TroubleKind[] } | undefined;
}

/** The sessions, from the first on, that can be looked at together, without those that are too much beside them; one at least. */
export function thoseThatFit(sessions: readonly OpenedSession[]): OpenedSession[] {
  let minutes = 0;
  const fitting = sessions.filter(({ presentMinutes }) => {
    if (minutes + presentMinutes > LOOKED_AT_MAX) return false;
    minutes += presentMinutes;
    return true;
  });
  return fitting.length > 0 ? fitting : sessions.slice(0, 1);
}

/** Sessions in an order: most bad minutes, then most noticeable ones, then latest; or latest alone. */
export function rank(
  sessions: readonly OpenedSession[],
  troubles: readonly SessionTrouble[],
  ranking: Ranking,
): RankedSession[] {
  const troubleOf = new Map(troubles.map((one) => [one.sessionId, one]));
  const ranked = sessions.map((session) => rankedOf(session, troubleOf.get(session.id)));
  const latest = (one: RankedSession, other: RankedSession) =>
    other.startedAt.getTime() - one.startedAt.getTime();
  if (ranking === 'latest') return ranked.sort(latest);
  return ranked.sort(
    (one, other) =>
      other.badMinutes - one.badMinutes ||
      other.noticeableMinutes - one.noticeableMinutes ||
      latest(one, other),
  );
}

function rankedOf(session: OpenedSession, trouble: SessionTrouble | undefined): RankedSession {
  const { measured = 0, noticeable = 0, bad = 0, worst } = trouble ?? {};
  return {
    ...session,
    measuredMinutes: measured,
    noticeableMinutes: noticeable,
    badMinutes: bad,
    severity: severityOf(trouble),
    worst: worst && {
      participantId: worst.participantId,
      displayName: worst.displayName,
      reasons: (Object.entries(worst.minutesOf) as [TroubleKind, number][])
        .filter(([, minutes]) => minutes > 0)
        .sort(([, one], [, other]) => other - one)
        .map(([what]) => what),
    },
  };
}

function severityOf(trouble: SessionTrouble | undefined): Severity {
  if (!trouble || trouble.measured === 0) return 'unknown';
  if (trouble.bad > 0) return 'bad';
  return trouble.isNoticeable ? 'noticeable' : 'good';
}
