import type { Field } from '../fields.ts';
import type { LayerChange, PresentParticipant, RoomPathChange } from './stats-records.ts';
import type { Period, Resolution, Steps } from '../steps.ts';

/** What a timeline has of everybody without more being asked for. */
export const timelineFields = [
  'upBitrateBps',
  'downBitrateBps',
  'upLossRatio',
  'downLossRatio',
] as const satisfies readonly Field[];

/** Changes of paths and of layers that are told at most, together. */
export const CHANGES_MAX = 5_000;

const MINUTE_MS = 60_000;

/** Minutes of participants of which samples are looked at for layers: 36 of each video, three videos of everybody. */
export const LAYERS_MINUTES_MAX = 6_000;

/** Minutes of participants of which the shortest rollups are looked at for paths, and those of a minute. */
const PATHS_MINUTES_MAX = { 15: 6_000, 60: 30_000 } as const;

/** Something that happened in a room. */
export type TimelineEvent = { at: Date; participantId: string } & (
  | { type: 'joined' }
  | { type: 'left'; reason: PresentParticipant['leaveReason'] }
  | ({ type: 'path' } & Omit<RoomPathChange, 'at' | 'participantId'>)
  | ({ type: 'layers' } & Omit<LayerChange, 'at' | 'participantId'>)
);

/**
 * What happened to those who are told of, in order of time; of more changes than `CHANGES_MAX` the first ones.
 *
 * @param people Nobody else is named.
 */
export function eventsIn(
  { from, to }: Period,
  people: readonly PresentParticipant[],
  paths: readonly RoomPathChange[],
  layers: readonly LayerChange[],
): { events: TimelineEvent[]; isComplete: boolean } {
  const told = new Set(people.map(({ id }) => id));
  const comings = people.map(({ id: participantId, joinedAt: at }): TimelineEvent => ({
    at,
    participantId,
    type: 'joined',
  }));
  const goings = people.flatMap(({ id: participantId, leftAt: at, leaveReason: reason }): TimelineEvent[] =>
    at ? [{ at, participantId, type: 'left', reason }] : [],
  );
  const changes = [
    ...paths.map((one): TimelineEvent => ({ ...one, type: 'path' })),
    ...layers.map(({ publisherId, ...one }): TimelineEvent => ({
      ...one,
      type: 'layers',
      publisherId: publisherId !== undefined && told.has(publisherId) ? publisherId : undefined,
    })),
  ].sort(byTime);
  const events = [...comings, ...changes.slice(0, CHANGES_MAX), ...goings]
    .filter(({ at, participantId }) => told.has(participantId) && at.getTime() >= from && at.getTime() < to)
    .sort(byTime);
  return { events, isComplete: changes.length <= CHANGES_MAX };
}

/** The part of a period, from its beginning on, of which samples can be looked at, for so many people. */
export function layersPeriod({ from, to }: Period, people: number): Period {
  const most = Math.floor(LAYERS_MINUTES_MAX / Math.max(1, people)) * MINUTE_MS;
  return { from, to: Math.min(to, from + most) };
}

/** How exactly changes of paths are told: as exactly as the steps are, unless that is too much to look at. */
export function pathsResolution({ from, to, resolution }: Steps, people: number): Resolution {
  const minutes = (people * (to - from)) / MINUTE_MS;
  if (minutes > PATHS_MINUTES_MAX[60]) return 3600;
  return minutes > PATHS_MINUTES_MAX[15] && resolution < 60 ? 60 : resolution;
}

const byTime = (one: TimelineEvent, other: TimelineEvent) => one.at.getTime() - other.at.getTime();
