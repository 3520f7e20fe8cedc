import type { BlamedMinute, Cause, Way } from './blame.ts';
import type { Trouble, TroubleKind } from './minute.ts';

/** So many noticeable minutes, or such a share of those measured where that is less, count as trouble; a bad one always does. */
export const FEW = { minutes: 3, share: 0.1 };

/** In how much detail a verdict's sentence names people. */
const NAMED = 3;

export const severities = ['good', 'noticeable', 'bad', 'unknown'] as const;
export type Severity = (typeof severities)[number];

export const sides = [
  'ok',
  ...(['up', 'down', 'both'] as const satisfies readonly Way[]),
  'unknown',
] as const;
/** On which of a participant's own ways trouble was. */
export type Side = (typeof sides)[number];

export const verdictSides = ['none', 'participants', 'server', 'both', 'unknown'] as const;
export type VerdictSide = (typeof verdictSides)[number];

/** Somebody of whom minutes were measured. */
export interface Measured {
  id: string;
  displayName: string;
  /** How many minutes. */
  minutes: number;
}

/** Why it was bad for somebody. */
export interface Reason {
  what: TroubleKind;
  cause: Cause;
  /** Whose publishing it was, where that is the cause. */
  publisherId: string | undefined;
  /** In how many minutes. */
  minutes: number;
  /** A sentence for people. */
  text: string;
}

export interface ParticipantVerdict {
  side: Side;
  reasons: Reason[];
}

export interface Verdict {
  severity: Severity;
  side: VerdictSide;
  /** For people. */
  text: string;
  /** Those on whose side it was, the most affected first. */
  participants: string[];
}

/** On whose side trouble was, for each participant and for all. More trouble never makes `severity` better. */
export function verdictOf(
  participants: readonly Measured[],
  blamed: readonly BlamedMinute[],
): { verdict: Verdict; each: Map<string, ParticipantVerdict> } {
  const byParticipant = new Map<string, BlamedMinute[]>(participants.map(({ id }) => [id, []]));
  for (const minute of blamed) byParticipant.get(minute.participantId)?.push(minute);
  const minutesOf = (id: string) => byParticipant.get(id) ?? [];
  const names = new Map(participants.map(({ id, displayName }) => [id, displayName]));
  const each = new Map(
    participants.map((one) => [one.id, participantVerdict(one, minutesOf(one.id), names)]),
  );
  const severity = worstOf(participants.map((one) => severityOf(minutesOf(one.id), one.minutes)));
  const atFault = participants
    .filter(({ id }) => !['ok', 'unknown'].includes(each.get(id)?.side ?? 'unknown'))
    .sort((one, other) => ownBadness(minutesOf(other.id)) - ownBadness(minutesOf(one.id)));
  const ofServer = [...new Set(blamed.filter(({ cause }) => cause === 'server').map(({ at }) => at))].sort(
    (one, other) => one - other,
  );
  const side = sideOf(severity, atFault.length > 0, ofServer.length > 0);
  const sentences = [
    ...(side === 'unknown' ? ['Nothing was measured in this time.'] : []),
    ...(side === 'none' ? ['Nobody had noticeable trouble, or not for long.'] : []),
    ...(ofServer.length > 0 ? [serverSentence(ofServer)] : []),
    ...atFault.slice(0, NAMED).map((one) => `${one.displayName}: ${ownReason(each.get(one.id))}`),
    ...(atFault.length > NAMED ? [`The same for ${atFault.length - NAMED} more: see \`participants\`.`] : []),
  ];
  return {
    each,
    verdict: { severity, side, text: sentences.join(' '), participants: atFault.map(({ id }) => id) },
  };
}

function sideOf(severity: Severity, participants: boolean, server: boolean): VerdictSide {
  if (severity === 'unknown') return 'unknown';
  if (participants) return server ? 'both' : 'participants';
  if (server) return 'server';
  return 'none';
}

function participantVerdict(
  { minutes }: Measured,
  blamed: readonly BlamedMinute[],
  names: ReadonlyMap<string, string>,
): ParticipantVerdict {
  const own = blamed.filter(({ cause }) => cause === 'participant');
  const isSerious = (...whats: TroubleKind[]) => {
    const levels = own.flatMap(({ troubles }) => {
      const these = troubles.filter(({ what }) => whats.includes(what));
      return these.length === 0 ? [] : [{ level: Math.max(...these.map(({ level }) => level)) }];
    });
    return severityOf(levels, minutes) !== 'good';
  };
  const up = isSerious('up_loss', 'rtt');
  const down = isSerious('down_loss', 'freezes', 'rtt');
  const reasons = reasonsOf(blamed, minutes, names);
  if (up !== down) return { side: up ? 'up' : 'down', reasons };
  // Little on either way may be much together.
  const overall = severityOf(own, minutes);
  const side = overall === 'unknown' ? 'unknown' : overall === 'good' ? 'ok' : 'both';
  return { side, reasons };
}

function severityOf(minutes: readonly { level: number }[], measured: number): Severity {
  if (minutes.some(({ level }) => level === 2)) return 'bad';
  if (minutes.length >= Math.min(FEW.minutes, Math.max(1, measured * FEW.share))) return 'noticeable';
  return measured === 0 ? 'unknown' : 'good';
}

const worstOf = (all: readonly Severity[]): Severity =>
  (['bad', 'noticeable', 'good'] as const).find((one) => all.includes(one)) ?? 'unknown';

const ownBadness = (minutes: readonly BlamedMinute[]) =>
  minutes.reduce((sum, { cause, badness }) => (cause === 'participant' ? sum + badness : sum), 0);

/** One a kind of trouble and cause, the longest first. */
function reasonsOf(
  blamed: readonly BlamedMinute[],
  measured: number,
  names: ReadonlyMap<string, string>,
): Reason[] {
  const groups = new Map<string, { trouble: Trouble; minutes: BlamedMinute[] }>();
  for (const minute of blamed) {
    for (const trouble of minute.troubles) {
      const key = `${trouble.what} ${minute.cause} ${minute.publisherId}`;
      const group = groups.get(key);
      if (group) group.minutes.push(minute);
      else groups.set(key, { trouble, minutes: [minute] });
    }
  }
  return [...groups.values()]
    .sort((one, other) => other.minutes.length - one.minutes.length)
    .flatMap(({ trouble: { what }, minutes }) => {
      const [first] = minutes;
      if (!first) return [];
      const { cause, publisherId } = first;
      const often = `in ${minutes.length} of ${Math.max(measured, minutes.length)} minutes`;
      const why = explanation(what, minutes, publisherId === undefined ? undefined : names.get(publisherId));
      return [
        {
          what,
          cause,
          publisherId,
          minutes: minutes.length,
          text: `${factOf(what, minutes)}, ${often}${why}.`,
        },
      ];
    });
}

function factOf(what: TroubleKind, minutes: readonly BlamedMinute[]): string {
  const worst = (...fields: (keyof BlamedMinute['figures'])[]) =>
    Math.max(...minutes.flatMap(({ figures }) => fields.map((field) => figures[field] ?? 0)));
  const percent = (ratio: number) => `${Number((ratio * 100).toFixed(1))} %`;
  switch (what) {
    case 'up_loss':
      return `up to ${percent(worst('upLossRatio', 'upAudioLossRatio'))} was lost on the way to the server`;
    case 'down_loss':
      return `up to ${percent(worst('downLossRatio', 'downAudioLossRatio'))} was lost on the way from the server`;
    case 'rtt':
      return `a round trip took up to ${Math.round(worst('rttMs'))} ms`;
    case 'freezes': {
      const still = worst('freezeMs');
      return still > 0
        ? `pictures stood still for up to ${Number((still / 1000).toFixed(1))} s a minute`
        : `pictures froze up to ${Math.round(worst('freezes'))} times a minute`;
    }
  }
}

function explanation(
  what: TroubleKind,
  minutes: readonly BlamedMinute[],
  publisher: string | undefined,
): string {
  const cause = minutes[0]?.cause;
  if (cause === 'server') return ', when nearly everybody had trouble';
  if (cause === 'publisher') return `, when much was lost on ${publisher ?? 'somebody'}’s way to the server`;
  if (what !== 'freezes') return '';
  const withLoss = minutes.filter(({ troubles }) => troubles.some((one) => one.what === 'down_loss'));
  if (withLoss.length * 2 >= minutes.length) return '';
  return ', mostly without noticeable loss: their machine may be too slow, or their bandwidth too small';
}

/** The reason that the participant's own side has most to do with. */
function ownReason(verdict: ParticipantVerdict | undefined): string {
  return verdict?.reasons.find(({ cause }) => cause === 'participant')?.text ?? 'see `reasons`.';
}

function serverSentence(times: readonly number[]): string {
  const first = new Date(times[0] ?? 0).toISOString().slice(0, 16).replace('T', ' ');
  const many = times.length === 1 ? 'one minute' : `${times.length} minutes`;
  return `In ${many}, first at ${first} UTC, nearly everybody had trouble at once: look at the server and its network.`;
}
