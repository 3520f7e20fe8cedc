/** A video that a participant could watch, as far as the choice depends on it. */
export interface Candidate {
  /** It is forwarded to the participant now. */
  watched: boolean;
  /** The participant's own choice, which wins and stays. */
  pinned: boolean;
  screen: boolean;
  /** Its pictures come: one that is still being started displaces nothing. */
  started: boolean;
  /** Its owner has muted it: there is nothing to be seen. */
  muted: boolean;
  /** When its owner was last heard leading the conversation, in ms; -Infinity: never. */
  spokeAt: number;
  /** When its owner's voice was last heard, in ms; -Infinity: never. */
  heardAt: number;
  /** For how long its owner has been leading the conversation, in ms; 0 who does not. */
  leadsFor: number;
}

/** What to do next: watch a video, in a free slot or in place of another one. */
export interface Move<C extends Candidate> {
  watch: C;
  inPlaceOf: C | undefined;
}

/** Who has been silent for so long may be exchanged for who speaks now, in ms, for each other camera that is shown. */
const SILENT_MS = 2_000;
/** The same where one camera alone is shown. */
const ALONE_SILENT_MS = 1_000;
/** Who leads the conversation for so long is shown, whoever else was heard a moment ago, in ms. */
const INSISTS_MS = 2_000;

/**
 * The one change that brings what a participant watches nearer to the best choice: pinned first, then screens, then who
 * spoke last. Undefined where nothing is to be changed, or not yet: in cross-talk those who are watched stay.
 *
 * @param candidates In the order of joining.
 * @param free Slots that the user has free.
 * @param now In ms, by the clock of the candidates' times.
 */
export function nextMove<C extends Candidate>(
  candidates: readonly C[],
  free: number,
  now: number,
): Move<C> | undefined {
  const ranked = [...candidates].sort(compare);
  const wanted = ranked.filter(({ watched, muted }) => !watched && !muted);
  const watch = free > 0 ? wanted[0] : wanted.find(({ started }) => started);
  if (!watch) return undefined;
  if (free > 0) return { watch, inPlaceOf: undefined };
  const last = weakest(ranked);
  const cameras = ranked.filter((one) => one.watched && tier(one) === CAMERA).length;
  return last && displaces(watch, last, now, cameras) ? { watch, inPlaceOf: last } : undefined;
}

/** Of what is watched and not pinned, what is to be given up first. */
export function weakest<C extends Candidate>(candidates: readonly C[]): C | undefined {
  return [...candidates].sort(compare).findLast(({ watched, pinned }) => watched && !pinned);
}

const [PINNED, SCREEN, CAMERA, MUTED] = [0, 1, 2, 3];

function tier({ pinned, screen, muted }: Candidate): number {
  if (pinned) return PINNED;
  if (muted) return MUTED;
  return screen ? SCREEN : CAMERA;
}

function compare(a: Candidate, b: Candidate): number {
  const byTier = tier(a) - tier(b);
  if (byTier !== 0) return byTier;
  if (tier(a) === CAMERA && a.spokeAt !== b.spokeAt) return b.spokeAt - a.spokeAt;
  return Number(b.watched) - Number(a.watched);
}

function displaces(candidate: Candidate, watched: Candidate, now: number, cameras: number): boolean {
  const byTier = tier(candidate) - tier(watched);
  if (byTier !== 0) return byTier < 0;
  if (tier(candidate) !== CAMERA || candidate.spokeAt <= watched.spokeAt) return false;
  const heardAt = Math.max(watched.spokeAt, watched.heardAt);
  const silent = cameras > 1 ? (cameras - 1) * SILENT_MS : ALONE_SILENT_MS;
  return now - heardAt >= silent || candidate.leadsFor >= Math.min(INSISTS_MS, silent);
}
