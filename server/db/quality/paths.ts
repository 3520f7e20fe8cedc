import type { Path, RoomPathChange } from '../../stats/asking/stats-records.ts';
import { SHORTEST_ROLLUP, type Resolution } from '../../stats/steps.ts';
import { ofEachTransport, rollupsOfOne, type Whose } from './sources.ts';

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
 * Of a relay the browser alone knows: where it has said something of a transport, nobody else counts.
 *
 * @param limit As SQL.
 */
export function pathChangesQuery(kind: Whose, resolution: Resolution, limit: string): string {
  const known = `SELECT min(r.first_at) AS at,
      coalesce(max(r.protocol) FILTER (WHERE r.reporter = 'browser'), max(r.protocol)) AS protocol,
      max(r.candidate_type) AS candidate_type,
      bool_or(max(r.candidate_type) IS NOT NULL) OVER () AS told
    FROM ${rollupsOfOne(resolution === 1 ? SHORTEST_ROLLUP : resolution, `'server', 'browser'`)} GROUP BY r.bucket`;
  const changes = `SELECT at, protocol, candidate_type FROM (
      SELECT *, (protocol, candidate_type) IS DISTINCT FROM
        (lag(protocol) OVER each, lag(candidate_type) OVER each) AS changed
      FROM (${known}) by_bucket WHERE protocol IS NOT NULL AND (candidate_type IS NOT NULL OR NOT told)
      WINDOW each AS (ORDER BY at)
    ) compared WHERE changed`;
  return `SELECT r.*, t.participant_id, t.id AS transport_id, t.direction FROM ${ofEachTransport(kind, changes)}
    ORDER BY r.at, t.id LIMIT ${limit}`;
}

export const pathChangeOf = (row: PathChangeRow): RoomPathChange => ({
  at: row.at,
  participantId: row.participant_id,
  transportId: row.transport_id,
  direction: row.direction,
  ...pathOf(row),
});
