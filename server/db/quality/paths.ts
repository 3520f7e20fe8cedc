import type { Path, RoomPathChange } from '../../stats/asking/stats-records.ts';
import { SHORTEST_ROLLUP, type Resolution } from '../../stats/steps.ts';
import { ofEachTransport, rollupsSince, type Whose } from './sources.ts';

export interface PathRow {
  protocol: Path['protocol'];
  candidate_type: NonNullable<Path['candidateType']> | null;
}

export const pathOf = ({ protocol, candidate_type }: PathRow): Path => ({
  protocol,
  candidateType: candidate_type ?? undefined,
});

export interface PathChangeRow extends PathRow {
  at: Date;
  participant_id: string;
  transport_id: string;
  direction: RoomPathChange['direction'];
}

/**
 * Asks when transports went another way, in order of time: at the earliest, when the rollup began in which it was so at last.
 * Of a relay the browser alone knows: where it has ever said something of a transport, nobody else counts. The first rollup may
 * have begun before the period: what it has is told as of its beginning.
 *
 * @param limit As SQL.
 */
export function pathChangesQuery(kind: Whose, resolution: Resolution, limit: string): string {
  const known = `SELECT greatest(min(r.first_at), $2) AS at,
      coalesce(max(r.protocol) FILTER (WHERE r.reporter = 'browser'), max(r.protocol)) AS protocol,
      max(r.candidate_type) AS candidate_type
    FROM ${rollupsSince(resolution === 1 ? SHORTEST_ROLLUP : resolution, `'server', 'browser'`)}
    GROUP BY r.bucket HAVING max(r.last_at) > $2`;
  const changes = `SELECT at, protocol, candidate_type FROM (
      SELECT *, (protocol, candidate_type) IS DISTINCT FROM
        (lag(protocol) OVER each, lag(candidate_type) OVER each) AS changed
      FROM (${TOLD}) browser CROSS JOIN (${known}) by_bucket
      WHERE protocol IS NOT NULL AND (candidate_type IS NOT NULL OR NOT told)
      WINDOW each AS (ORDER BY at)
    ) compared WHERE changed`;
  return `SELECT r.*, t.participant_id, t.id AS transport_id, t.direction FROM ${ofEachTransport(kind, changes)}
    ORDER BY r.at, t.id LIMIT ${limit}`;
}

/** Whether the browser has ever said which kind of candidate a transport `t` has. OFFSET 0: looked up once, not for every rollup. */
const TOLD = `SELECT EXISTS (
    SELECT FROM transport_rollups r
    WHERE r.transport_id = t.id AND r.resolution_s = 3600 AND r.reporter = 'browser' AND r.candidate_type IS NOT NULL
  ) AS told OFFSET 0`;

export const pathChangeOf = (row: PathChangeRow): RoomPathChange => ({
  at: row.at,
  participantId: row.participant_id,
  transportId: row.transport_id,
  direction: row.direction,
  ...pathOf(row),
});
