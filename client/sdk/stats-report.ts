import type { types } from 'mediasoup-client';
import type { ReportedTrack, ReportedTransport } from '../../server/protocol/stats-report.ts';

/** The server takes no more in a report. @see server/protocol/stats-report.ts */
const MAX_TRACKS = 250;

/** An object of a statistics report. Browsers differ in what they have. */
interface Stat {
  readonly [name: string]: unknown;
}

/**
 * What the browser's statistics of one connection say, as the server takes it.
 *
 * @param atMs When they were asked for, by `performance.now()`.
 * @param ids The ids of producers and consumers, by those of their tracks.
 * @see https://www.w3.org/TR/webrtc-stats/
 */
export function reportOf(
  { id, direction }: Pick<types.Transport, 'id' | 'direction'>,
  atMs: number,
  report: RTCStatsReport,
  ids: ReadonlyMap<string, string>,
): ReportedTransport {
  const stats = report as unknown as ReadonlyMap<string, Stat>;
  const all = [...stats.values()];
  const transport = all.find(({ type }) => type === 'transport');
  const pair = selectedPair(stats, transport);
  const local = stats.get(text(pair, 'localCandidateId'));
  return withoutUnknown({
    transportId: id,
    atMs,
    bytesSent: count(transport ?? pair, 'bytesSent') ?? 0,
    bytesReceived: count(transport ?? pair, 'bytesReceived') ?? 0,
    rttMs: milliseconds(pair, 'currentRoundTripTime'),
    // Of what one only receives the browser knows no more than its first guess.
    availableBps: direction === 'send' ? number(pair, 'availableOutgoingBitrate') : undefined,
    protocol: protocolOf(local),
    candidateType: candidateTypeOf(local),
    tracks: [...sent(stats, ids), ...received(all, ids)].slice(0, MAX_TRACKS),
  });
}

/**
 * What is sent, all layers of a track together. Packets and losses are left out: Chromium counts the padding of its probes among
 * them, and the server, which knows what was lost, mixes in what others lost, so that the sender adds redundancy.
 */
function sent(stats: ReadonlyMap<string, Stat>, ids: ReadonlyMap<string, string>): ReportedTrack[] {
  const layers = new Map<string, Stat[]>();
  for (const stat of stats.values()) {
    if (stat['type'] !== 'outbound-rtp') continue;
    const id = ids.get(text(stats.get(text(stat, 'mediaSourceId')), 'trackIdentifier'));
    if (id !== undefined) layers.set(id, [...(layers.get(id) ?? []), stat]);
  }
  const remote = [...stats.values()].filter(({ type }) => type === 'remote-inbound-rtp');
  return [...layers].map(([id, own]) => {
    const heard = remote.filter((stat) => own.some((layer) => layer['id'] === stat['localId']));
    return withoutUnknown({
      id,
      bytes: total(own, 'bytesSent') ?? 0,
      nacks: total(own, 'nackCount'),
      plis: total(own, 'pliCount'),
      rttMs: milliseconds(heard[0], 'roundTripTime'),
      fps: highest(own, 'framesPerSecond'),
      frameHeight: highest(own, 'frameHeight'),
    });
  });
}

function received(all: Stat[], ids: ReadonlyMap<string, string>): ReportedTrack[] {
  return all.flatMap((stat) => {
    const id = stat['type'] === 'inbound-rtp' ? ids.get(text(stat, 'trackIdentifier')) : undefined;
    if (id === undefined) return [];
    return [
      withoutUnknown({
        id,
        bytes: count(stat, 'bytesReceived') ?? 0,
        packetsReceived: Math.max(
          0,
          (count(stat, 'packetsReceived') ?? 0) - (count(stat, 'retransmittedPacketsReceived') ?? 0),
        ),
        packetsLost: count(stat, 'packetsLost'),
        nacks: count(stat, 'nackCount'),
        plis: count(stat, 'pliCount'),
        jitterMs: milliseconds(stat, 'jitter'),
        fps: number(stat, 'framesPerSecond'),
        frameHeight: count(stat, 'frameHeight'),
        freezes: count(stat, 'freezeCount'),
        freezeMs: wholeMilliseconds(stat, 'totalFreezesDuration'),
      }),
    ];
  });
}

function selectedPair(stats: ReadonlyMap<string, Stat>, transport: Stat | undefined): Stat | undefined {
  const selected = stats.get(text(transport, 'selectedCandidatePairId'));
  // Firefox says it of the pair.
  return (
    selected ??
    [...stats.values()].find(({ type, selected }) => type === 'candidate-pair' && selected === true)
  );
}

/** By which the server is reached, or the relay. */
function protocolOf(candidate: Stat | undefined): ReportedTransport['protocol'] {
  const protocol = text(candidate, 'relayProtocol') || text(candidate, 'protocol');
  if (protocol === 'udp') return 'udp';
  return protocol === 'tcp' || protocol === 'tls' ? 'tcp' : undefined;
}

function candidateTypeOf(candidate: Stat | undefined): ReportedTransport['candidateType'] {
  return (['host', 'srflx', 'prflx', 'relay'] as const).find((type) => type === candidate?.['candidateType']);
}

const text = (stat: Stat | undefined, name: string): string => {
  const value = stat?.[name];
  return typeof value === 'string' ? value : '';
};

/** A number that is none, or below 0, is not known. */
const number = (stat: Stat | undefined, name: string): number | undefined => {
  const value = stat?.[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
};

const count = (stat: Stat | undefined, name: string): number | undefined => {
  const value = number(stat, name);
  return value === undefined ? undefined : Math.round(value);
};

/** The browser has seconds. */
const milliseconds = (stat: Stat | undefined, name: string): number | undefined => {
  const seconds = number(stat, name);
  return seconds === undefined ? undefined : seconds * 1000;
};

const wholeMilliseconds = (stat: Stat, name: string): number | undefined => {
  const value = milliseconds(stat, name);
  return value === undefined ? undefined : Math.round(value);
};

const known = (stats: Stat[], name: string) =>
  stats.map((stat) => number(stat, name)).filter((value) => value !== undefined);

function total(stats: Stat[], name: string): number | undefined {
  const values = known(stats, name);
  return values.length === 0 ? undefined : Math.round(values.reduce((sum, value) => sum + value, 0));
}

function highest(stats: Stat[], name: string): number | undefined {
  const values = known(stats, name);
  return values.length === 0 ? undefined : Math.max(...values);
}

type Known<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/** JSON has no `undefined`; what is not known is not sent. */
function withoutUnknown<T extends object>(given: T): Known<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Known<T>;
}
