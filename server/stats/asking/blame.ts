import { troublesOf, type Minute, type Trouble } from './minute.ts';

/** So many participants, and such a share of those measured, have to be in bad trouble at once for it to be the server's. */
export const NEARLY_EVERYBODY = { participants: 3, share: 0.75 };

/**
 * What is received can lack what the publisher's network lost, and not much more: two measurements of the same do not agree
 * entirely.
 */
export const INHERITED_AT_MOST = 1.5;

/** Whose side a trouble is on: the participant's own, that of somebody who was received, the server's or its network's. */
export const causes = ['participant', 'publisher', 'server'] as const;
export type Cause = (typeof causes)[number];

/** The way on which a trouble is, as the participant has it: to the server, from it, both. */
export const ways = ['up', 'down', 'both'] as const;
export type Way = (typeof ways)[number];

/** A minute that was noticeable, and whose side it was on. */
export interface BlamedMinute extends Minute {
  /** Those that the cause explains. */
  troubles: Trouble[];
  level: 1 | 2;
  /** How bad: 1 is bad, and each trouble adds to it. */
  badness: number;
  side: Way;
  cause: Cause;
  /** The participant that was received, where that is the cause. */
  publisherId: string | undefined;
}

/** Says of every noticeable minute whose side it was on. Minutes in which nobody notices anything are left out. */
export function blame(minutes: readonly Minute[]): BlamedMinute[] {
  const byTime = new Map<number, Minute[]>();
  for (const minute of minutes) {
    const others = byTime.get(minute.at);
    if (others) others.push(minute);
    else byTime.set(minute.at, [minute]);
  }
  return [...byTime.values()].flatMap(blameOfOneTime);
}

function blameOfOneTime(minutes: readonly Minute[]): BlamedMinute[] {
  const publishers = minutes
    .filter(({ figures }) => troublesOf(figures).some(({ what, level }) => what === 'up_loss' && level === 2))
    .sort((one, other) => upLoss(other) - upLoss(one));
  const found = minutes.flatMap((minute): BlamedMinute[] => {
    const all = troublesOf(minute.figures);
    if (all.length === 0) return [];
    const publisher = publishers.find(({ participantId }) => participantId !== minute.participantId);
    const own = all.filter((trouble) => !publisher || !isInherited(trouble, minute, publisher));
    const troubles = own.length > 0 ? own : all;
    return [
      {
        ...minute,
        troubles,
        level: all.some(({ level }) => level === 2) ? 2 : 1,
        badness: all.reduce((sum, { badness }) => sum + badness, 0),
        side: wayOf(troubles),
        cause: own.length > 0 ? 'participant' : 'publisher',
        publisherId: own.length > 0 ? undefined : publisher?.participantId,
      },
    ];
  });
  const bad = found.filter(
    ({ cause, troubles }) => cause === 'participant' && troubles.some(({ level }) => level === 2),
  );
  const measured = Math.max(...minutes.map((minute) => minute.measured));
  const everybody =
    bad.length >= NEARLY_EVERYBODY.participants && bad.length >= NEARLY_EVERYBODY.share * measured;
  if (!everybody) return found;
  return found.map((minute) => (minute.cause === 'participant' ? { ...minute, cause: 'server' } : minute));
}

const upLoss = ({ figures }: Minute) => Math.max(figures.upLossRatio ?? 0, figures.upAudioLossRatio ?? 0);
const downLoss = ({ figures }: Minute) =>
  Math.max(figures.downLossRatio ?? 0, figures.downAudioLossRatio ?? 0);

/** Whether a trouble with what is received may come from a publisher whose own way up is bad. */
function isInherited({ what }: Trouble, minute: Minute, publisher: Minute): boolean {
  if (what !== 'freezes' && what !== 'down_loss') return false;
  return downLoss(minute) <= upLoss(publisher) * INHERITED_AT_MOST;
}

function wayOf(troubles: readonly Trouble[]): Way {
  const up = troubles.some(({ what }) => what === 'up_loss');
  const down = troubles.some(({ what }) => what === 'down_loss' || what === 'freezes');
  // A round trip goes both ways.
  return up === down ? 'both' : up ? 'up' : 'down';
}
