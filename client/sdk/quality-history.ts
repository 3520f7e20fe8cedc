import type { NotificationData } from '../../server/protocol/notifications.ts';
import type { ReportedTrack, ReportedTransport } from '../../server/protocol/stats-report.ts';
import { arrived, arrivingOf, type Arrived } from './inbound-quality.ts';
import type { LocalTracks } from './local-tracks.ts';
import type { RemoteParticipant } from './participants.ts';
import { known, pointOf, type QualityFigures, type QualityPoint } from './quality.ts';
import type { Roster } from './roster.ts';

/** Time that is remembered, in ms. */
const KEPT_MS = 60_000;
/** What the server measures comes every interval; with nothing for so many of them it is not known any more. */
const SILENT_INTERVALS = 2.5;

/** What was read last of the consumers of a transport. */
interface Look {
  atMs: number;
  tracks: ReadonlyMap<string, ReportedTrack>;
  /** Consumers that there were, also those of which the browser said nothing. */
  consumerIds: ReadonlySet<string>;
}

/**
 * What one's own connection, and what arrives of the others, was like for the last minute. Of oneself the server tells
 * what it measured: a browser does not know what is lost of what it sends.
 */
export class QualityHistory {
  readonly #roster: Pick<Roster, 'participants' | 'publications'>;
  readonly #local: Pick<LocalTracks, 'publications'>;
  readonly #changed: () => void;
  readonly #others = new Map<string, QualityPoint[]>();
  #own: QualityPoint[] = [];
  #last: Look | undefined;
  /** What the browser knows of one's own connection. */
  #sent: QualityFigures = {};

  /** @param changed Something has been added. */
  constructor(
    roster: Pick<Roster, 'participants' | 'publications'>,
    local: Pick<LocalTracks, 'publications'>,
    changed: () => void,
  ) {
    this.#roster = roster;
    this.#local = local;
    this.#changed = changed;
  }

  /** Of one's own connection, oldest first. */
  get own(): readonly QualityPoint[] {
    return this.#own;
  }

  /** Of what arrives of somebody, oldest first. */
  of(participantId: string): readonly QualityPoint[] {
    return this.#others.get(participantId) ?? [];
  }

  /** A connection begins: everything that its tracks count is counted from now on. @param atMs By `performance.now()`. */
  begin(atMs = performance.now()): void {
    this.#last = { atMs, tracks: new Map(), consumerIds: new Set() };
    this.#sent = {};
  }

  /** The server has told what it measured of one's own transports. */
  onMeasured({ intervalMs, ...figures }: NotificationData<'quality'>, atMs = performance.now()): void {
    this.#own = recent([...this.#own, pointOf({ ...this.#sent, ...figures }, atMs, intervalMs)]);
    this.#changed();
  }

  /** The browser's statistics of both transports, as far as they are connected. */
  onStatistics(reports: readonly ReportedTransport[]): void {
    const tracks = new Map(reports.flatMap((report) => report.tracks.map((track) => [track.id, track])));
    const consumerIds = new Set(this.#roster.publications.flatMap(({ consumer }) => consumer?.id ?? []));
    const inbound = reports.find((report) => report.tracks.some(({ id }) => consumerIds.has(id)));
    const { atMs } = inbound ?? reports.at(-1) ?? { atMs: performance.now() };
    const rttMs = [inbound, ...reports].find((report) => report?.rttMs !== undefined)?.rttMs;
    const last = this.#last;
    this.#last = { atMs, tracks, consumerIds };
    this.#sent = this.#sentOf(tracks, rttMs);
    if (!last || atMs <= last.atMs) return;
    this.#noteOthers(last, tracks, atMs, rttMs);
    this.#noteSilence(atMs, atMs - last.atMs);
    this.#changed();
  }

  #noteOthers(
    last: Look,
    tracks: ReadonlyMap<string, ReportedTrack>,
    atMs: number,
    rttMs: number | undefined,
  ): void {
    const periodMs = atMs - last.atMs;
    const { participants } = this.#roster;
    for (const id of this.#others.keys()) if (!participants.has(id)) this.#others.delete(id);
    for (const participant of participants.values()) {
      const came = arrivedOf(participant, last, tracks);
      const arriving = arrivingOf(came, periodMs);
      const flows = (arriving.downBitrateBps ?? 0) > 0;
      const figures = known({ ...arriving, rttMs: flows ? rttMs : undefined });
      const points = [...this.of(participant.id), pointOf(figures, atMs, periodMs)];
      this.#others.set(participant.id, recent(points));
    }
  }

  #sentOf(tracks: ReadonlyMap<string, ReportedTrack>, rttMs: number | undefined): QualityFigures {
    const reported = (source: 'camera' | 'screen_share') => {
      const { producer, muted = false } = this.#local.publications.get(source) ?? {};
      return producer && !muted ? tracks.get(producer.id) : undefined;
    };
    const [camera, screen] = [reported('camera'), reported('screen_share')];
    return known({
      rttMs,
      upFps: camera?.fps,
      upFrameHeight: camera?.frameHeight,
      upScreenFps: screen?.fps,
      upScreenHeight: screen?.frameHeight,
    });
  }

  /** The server says nothing any more, or nothing arrives there: what was known of oneself does not hold any longer. */
  #noteSilence(atMs: number, periodMs: number): void {
    const last = this.#own.at(-1);
    if (!last) return;
    const now = performance.timeOrigin + atMs;
    if (now - last.at < SILENT_INTERVALS * Math.max(periodMs, last.periodMs)) return;
    this.#own = recent([...this.#own, pointOf({}, atMs, periodMs)]);
  }
}

/** What one receives of somebody; muted tracks carry nothing, and say nothing. */
function arrivedOf(
  { publications }: RemoteParticipant,
  last: Look,
  tracks: ReadonlyMap<string, ReportedTrack>,
): Arrived[] {
  return [...publications.values()].flatMap(({ source, muted, consumer }) => {
    const now = consumer && tracks.get(consumer.id);
    if (!now || muted) return [];
    const before = last.tracks.get(now.id);
    // It was there already, and how far it had counted is not known.
    if (!before && last.consumerIds.has(now.id)) return [];
    return [arrived(source, now, before)];
  });
}

function recent(points: readonly QualityPoint[]): QualityPoint[] {
  const newest = points.at(-1)?.at ?? 0;
  return points.filter(({ at }) => newest - at <= KEPT_MS);
}
