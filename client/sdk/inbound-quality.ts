import type { ReportedTrack } from '../../server/protocol/stats-report.ts';
import type { TrackSource } from '../../server/protocol/model.ts';
import { known, type QualityFigures } from './quality.ts';

/** Of fewer packets of sound the loss of one says nothing: silence is sent as two or three a second. */
const LEAST_SOUND_PACKETS = 20;

/** What arrived of a track between two looks at the browser's statistics; what is unknown is undefined. */
export interface Arrived {
  source: TrackSource;
  bytes: number | undefined;
  /** At the first try. */
  packets: number | undefined;
  lost: number | undefined;
  freezes: number | undefined;
  freezeMs: number | undefined;
  jitterMs: number | undefined;
  fps: number | undefined;
  frameHeight: number | undefined;
}

/** @param before Undefined of a track that has begun since: everything that it counted is new. */
export function arrived(source: TrackSource, now: ReportedTrack, before: ReportedTrack | undefined): Arrived {
  const grown = (name: 'bytes' | 'packetsReceived' | 'freezes' | 'freezeMs') =>
    difference(now[name], before ? before[name] : 0);
  const bytes = grown('bytes');
  const packets = grown('packetsReceived');
  // Late packets take losses back: then none was lost for good.
  const lost = difference(now.packetsLost, before ? before.packetsLost : 0, 0);
  const flows = bytes !== undefined && bytes > 0;
  return {
    source,
    bytes,
    packets,
    lost: bytes === undefined ? undefined : lost,
    freezes: grown('freezes'),
    freezeMs: grown('freezeMs'),
    // The browser goes on telling those of the last packets.
    jitterMs: flows ? now.jitterMs : undefined,
    frameHeight: flows ? now.frameHeight : undefined,
    fps: flows ? now.fps : standsStill(bytes, before) ? 0 : undefined,
  };
}

/** What arrives of somebody, from what arrived of their tracks within a time. */
export function arrivingOf(tracks: readonly Arrived[], periodMs: number): QualityFigures {
  const sound = tracks.filter(({ source }) => source === 'microphone' || source === 'screen_share_audio');
  const camera = tracks.find(({ source }) => source === 'camera');
  const screen = tracks.find(({ source }) => source === 'screen_share');
  const bytes = total(tracks, 'bytes');
  return known({
    downBitrateBps: bytes === undefined ? undefined : Math.round((bytes * 8_000) / periodMs),
    downLossRatio: lossOf(tracks, 1),
    downAudioLossRatio: lossOf(sound, LEAST_SOUND_PACKETS),
    downJitterMs: [...sound, camera, screen].find((track) => track?.jitterMs !== undefined)?.jitterMs,
    downFps: camera?.fps,
    downFrameHeight: camera?.frameHeight,
    downScreenFps: screen?.fps,
    downScreenHeight: screen?.frameHeight,
    freezes: camera?.freezes,
    freezeMs: camera?.freezeMs,
  });
}

/** A counter that goes back has begun anew, and how far it had come is not known. */
function difference(
  now: number | undefined,
  before: number | undefined,
  whenLess?: number,
): number | undefined {
  if (now === undefined || before === undefined) return undefined;
  return now < before ? whenLess : now - before;
}

/** It was there before, and nothing of it came since. */
const standsStill = (bytes: number | undefined, before: ReportedTrack | undefined): boolean =>
  bytes === 0 && before !== undefined;

/** @param least Of fewer packets it is not known, unless all arrived. */
function lossOf(tracks: readonly Arrived[], least: number): number | undefined {
  const both = tracks.filter(({ packets, lost }) => packets !== undefined && lost !== undefined);
  const [packets = 0, lost = 0] = [total(both, 'packets'), total(both, 'lost')];
  const sent = packets + lost;
  if (sent === 0 || (lost > 0 && sent < least)) return undefined;
  return lost / sent;
}

function total(tracks: readonly Arrived[], name: 'bytes' | 'packets' | 'lost'): number | undefined {
  const values = tracks.map((track) => track[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
