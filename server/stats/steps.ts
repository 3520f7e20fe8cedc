import { AppError } from '../errors.ts';

/** What series are made of: samples as they came (1), and the rollups that are kept, by their length in seconds. */
export const resolutions = [1, 15, 60, 3600] as const;
export type Resolution = (typeof resolutions)[number];

/** The shortest rollup that is kept, in seconds: shorter steps are made of samples. */
export const SHORTEST_ROLLUP: Resolution = 15;

/** Steps that a series has by itself, in seconds: the shortest one that gives at most so many points. */
const SENSIBLE = [5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const SENSIBLE_POINTS = 1_500;

/** Points of a series at most. */
export const POINTS_MAX = 11_000;
/** Rollups of one transport that a series is made of at most, by time: a longer step is made of longer ones. */
const ROLLUPS_MAX = 50_000;

/** In ms since the epoch; `to` is not part of it. */
export interface Period {
  from: number;
  to: number;
}

export interface StepRequest {
  period: Period;
  /** In whole seconds; undefined: a sensible one. */
  step: number | undefined;
  /** Samples of before are not kept any more, in ms since the epoch. */
  samplesSince: number;
  /** A period up to this may be made of samples, in ms: they are many. */
  sampledMax: number;
  /** There are no rollups: it is made of samples, whatever the step. */
  onlySamples?: boolean;
}

/** The steps that a series has: its period, in whole ones, counted from the epoch. */
export interface Steps extends Period {
  /** In seconds. */
  step: number;
  /** What it is made of; divides the step. */
  resolution: Resolution;
}

/**
 * Which steps a series has. A step that is not a multiple of a rollup is rounded up to one; below the shortest rollup it is made of
 * samples, where these are kept and the period is not too long, else it is rounded up as well.
 *
 * @throws {AppError} `bad_request` where the period ends before it begins, or would have too many points.
 */
export function stepsFor({
  period,
  step,
  samplesSince,
  sampledMax,
  onlySamples = false,
}: StepRequest): Steps {
  const { from, to } = period;
  const length = to - from;
  if (length < 0) {
    throw new AppError(
      'bad_request',
      `The period would end (${iso(to)}) before it begins (${iso(from)}): send an earlier \`from\`, or a later \`to\`.`,
    );
  }
  if (onlySamples && length > sampledMax) {
    throw new AppError(
      'bad_request',
      `The series of a track has at most ${sampledMax / 3_600_000} hours: send \`from\` and \`to\` that are closer.`,
    );
  }
  const sampled = from >= samplesSince && length <= sampledMax;
  const wanted = step ?? sensibleStep(length, onlySamples);
  const used = onlySamples || (sampled && wanted < SHORTEST_ROLLUP) ? wanted : toRollup(wanted);
  const resolution = onlySamples ? 1 : resolutionOf(used);
  if (tooMany(length, used, resolution)) {
    const enough = SENSIBLE.find((one) => !tooMany(length, one, resolutionOf(one)));
    const advice =
      enough === undefined ? 'Ask for a shorter period' : `Ask for step=${enough}, or a shorter period`;
    throw new AppError(
      'bad_request',
      `From ${iso(from)} to ${iso(to)} is too long for steps of ${used} s: there may be ${POINTS_MAX} of them, made of ` +
        `${ROLLUPS_MAX} rollups (of ${resolution} s here). ${advice}.`,
    );
  }
  const ms = used * 1000;
  return { from: Math.floor(from / ms) * ms, to: Math.ceil(to / ms) * ms, step: used, resolution };
}

/** The next longer usual steps that fit; undefined: there are none. */
export function longerSteps(
  request: StepRequest,
  { step }: Steps,
  fits: (steps: Steps) => boolean,
): Steps | undefined {
  return SENSIBLE.filter((one) => one > step)
    .map((one) => stepsFor({ ...request, step: one }))
    .find(fits);
}

/** How many points a series has. */
export const pointsOf = ({ from, to, step }: Steps): number => Math.round((to - from) / (step * 1000));

const toRollup = (step: number) => Math.ceil(step / SHORTEST_ROLLUP) * SHORTEST_ROLLUP;

function resolutionOf(step: number): Resolution {
  return resolutions.findLast((one) => step % one === 0) ?? 1;
}

function sensibleStep(length: number, onlySamples: boolean): number {
  const shortest = onlySamples ? 0 : SHORTEST_ROLLUP;
  const fits = (step: number) => step >= shortest && length / (step * 1000) <= SENSIBLE_POINTS;
  return SENSIBLE.find(fits) ?? 86_400;
}

function tooMany(length: number, step: number, resolution: Resolution): boolean {
  if (length / (step * 1000) > POINTS_MAX) return true;
  const hasLonger = resolution > 1 && resolution < Math.max(...resolutions);
  return hasLonger && length / (resolution * 1000) > ROLLUPS_MAX;
}

const iso = (at: number): string => new Date(at).toISOString();
