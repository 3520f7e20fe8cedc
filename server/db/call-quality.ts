import type { Pool } from 'pg';
import type { CallQuality, QualityEntry } from '../stats/call-quality.ts';
import type { Resolution } from '../stats/steps.ts';
import { periodValues, transportRollups } from './quality/sources.ts';

/** Names, `at` in ms since the epoch, and the figures in their order. */
type Row = [string, string, number, number, number, number, number];

export interface CallQualityPools {
  reads: Pool;
  writes: Pool;
}

/** Keeps in Postgres what clients of the older call-quality app report, and reads the same of this server's own calls. */
export function createCallQuality({ reads, writes }: CallQualityPools): CallQuality {
  const entriesOf = async (text: string, values: unknown[]) => {
    const { rows } = await reads.query<Row>({ text, values, rowMode: 'array' });
    return rows.map(entryOf);
  };
  return {
    async add(report) {
      await writes.query(
        `INSERT INTO call_quality_reports (measured_at, room_name, participant,
           video_send_bps, video_recv_bps, video_send_packet_loss, video_recv_packet_loss)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          report.time,
          report.roomName,
          report.participant,
          report.videoSendBitsPerSecond,
          report.videoRecvBitsPerSecond,
          report.videoSendPacketLoss,
          report.videoRecvPacketLoss,
        ],
      );
    },

    reported: ({ from, to }, limit) =>
      entriesOf(
        `SELECT room_name, participant, ${inMs('measured_at')}, video_send_bps::float8, video_recv_bps::float8,
           video_send_packet_loss::float8, video_recv_packet_loss::float8
         FROM call_quality_reports WHERE measured_at BETWEEN $1 AND $2 ORDER BY measured_at, id LIMIT $3`,
        [new Date(from), new Date(to), limit],
      ),

    measured: (steps, limit) =>
      entriesOf(measuredQuery(steps.resolution), [`${steps.step} seconds`, ...periodValues(steps), limit]),
  };
}

const inMs = (time: string) => `date_part('epoch', ${time}) * 1000`;

type Way = 'up' | 'down';

/** What is carried is known where there was a video: its packets are those that are not of sounds. */
const summed = (way: Way): string => {
  const known = `FILTER (WHERE r.${way}_video_bytes IS NOT NULL)`;
  const ofVideos = (all: string, sounds: string) => `sum(r.${all} - coalesce(r.${sounds}, 0)) ${known}`;
  return `sum(r.${way}_video_bytes) AS ${way}_bytes,
    ${ofVideos(`${way}_packets`, `${way}_audio_packets`)} AS ${way}_packets,
    ${ofVideos(`${way}_packets_lost`, `${way}_audio_packets_lost`)} AS ${way}_lost,
    date_part('epoch', max(r.last_at) ${known} - min(r.first_at) ${known}) AS ${way}_s`;
};

const bitrate = (way: Way) => `coalesce(round(${way}_bytes * 8 / nullif(${way}_s, 0)), 0)`;

/** In percent. What is not known counts as none lost. */
const loss = (way: Way) =>
  `coalesce(round((100 * least(coalesce(${way}_lost, 0), ${way}_packets) / nullif(${way}_packets, 0))::numeric), 0)::float8`;

/** Of steps as long as `$1`, from `$2` to `$3`. Names are found before rows are grouped: after that PostgreSQL would read everybody's. */
const measuredQuery = (resolution: Resolution) => `
SELECT room_name, display_name, ${inMs('step')}, ${bitrate('up')}, ${bitrate('down')}, ${loss('up')}, ${loss('down')}
FROM (
  SELECT p.id, s.room_name, p.display_name, date_bin($1::interval, r.bucket, 'epoch') AS step, ${summed('up')}, ${summed('down')}
  FROM ${transportRollups('everybody', resolution, `'server'`)} GROUP BY p.id, s.room_name, step
) steps
WHERE up_bytes > 0 OR down_bytes > 0 OR up_packets > 0 OR down_packets > 0
ORDER BY step, room_name, id LIMIT $4`;

function entryOf([roomName, participant, at, sendBps, recvBps, sendLoss, recvLoss]: Row): QualityEntry {
  return {
    roomName,
    participant,
    time: new Date(at),
    videoSendBitsPerSecond: sendBps,
    videoRecvBitsPerSecond: recvBps,
    videoSendPacketLoss: sendLoss,
    videoRecvPacketLoss: recvLoss,
  };
}
