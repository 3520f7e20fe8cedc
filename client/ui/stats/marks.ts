import type { Timeline, TimelineEvent } from './answers.ts';

/** Something that happened to a participant, at a place on the time axis. */
export interface Mark {
  /** In seconds since the epoch. */
  readonly at: number;
  readonly kind: 'joined' | 'left' | 'path' | 'higher layer' | 'lower layer';
  /** A word or two, to be drawn; empty where there would be too many. */
  readonly label: string;
  /** For people. */
  readonly text: string;
}

const WHY: Partial<Record<string, string>> = {
  left: 'left',
  connection_lost: 'left: the connection was lost',
  removed: 'was removed',
};

/** What happened to each participant, in order of time. */
export function marksOf({ events, participants }: Timeline): Map<string, Mark[]> {
  const names = new Map(participants.map(({ participantId, displayName }) => [participantId, displayName]));
  const marks = new Map<string, Mark[]>();
  const layers = new Map<string, number>();
  for (const event of events) {
    const mark = markOf(event, names, layers);
    if (!mark) continue;
    const others = marks.get(event.participantId);
    if (others) others.push(mark);
    else marks.set(event.participantId, [mark]);
  }
  return marks;
}

/** @param layers What each track had before: its spatial and temporal layer as one number. */
function markOf(
  event: TimelineEvent,
  names: ReadonlyMap<string, string>,
  layers: Map<string, number>,
): Mark | undefined {
  const at = Date.parse(event.at) / 1000;
  switch (event.type) {
    case 'joined':
      return { at, kind: 'joined', label: 'joined', text: 'joined' };
    case 'left':
      return { at, kind: 'left', label: 'left', text: WHY[event.reason ?? ''] ?? 'left' };
    case 'path': {
      const way = wayOf(event);
      const direction = event.direction === 'send' ? 'sends' : 'receives';
      return { at, kind: 'path', label: way, text: `${direction} by ${way}` };
    }
    case 'layers': {
      const now = event.spatialLayer * 10 + event.temporalLayer;
      const before = layers.get(event.trackId);
      layers.set(event.trackId, now);
      // What it begins with, or what was before is not known.
      if (before === undefined || before === now) return undefined;
      const whose = names.get(event.publisherId ?? '');
      const of = whose === undefined ? 'a video' : `${whose}’s video`;
      const kind = now < before ? 'lower layer' : 'higher layer';
      const text = `${of}: ${kind} (spatial ${event.spatialLayer}, temporal ${event.temporalLayer})`;
      return { at, kind, label: '', text };
    }
  }
}

/** The way of media in a word or two: `udp`, `tcp`, `relay by udp`. */
export function wayOf({ protocol, candidateType }: { protocol: string; candidateType?: string }): string {
  return candidateType === 'relay' ? `relay by ${protocol}` : protocol;
}
