import type { Path } from '../../stats/asking/stats-records.ts';

export interface PathRow {
  protocol: Path['protocol'];
  candidate_type: NonNullable<Path['candidateType']> | null;
}

export const pathOf = ({ protocol, candidate_type }: PathRow): Path => ({
  protocol,
  candidateType: candidate_type ?? undefined,
});

/**
 * The path of each transport `t` in each bucket, as a query: `at` it began there, at the earliest. Of a relay the browser alone
 * knows: where it has said something of a transport, nobody else counts.
 *
 * @param rows The rollups of transports.
 */
export const pathsIn = (rows: string): string =>
  `SELECT * FROM (
      SELECT t.id AS transport_id, t.participant_id, t.direction, min(r.first_at) AS at,
        coalesce(max(r.protocol) FILTER (WHERE r.reporter = 'browser'), max(r.protocol)) AS protocol,
        max(r.candidate_type) AS candidate_type,
        bool_or(max(r.candidate_type) IS NOT NULL) OVER (PARTITION BY t.id) AS told
      FROM ${rows} GROUP BY t.id, r.bucket
    ) by_bucket WHERE protocol IS NOT NULL AND (candidate_type IS NOT NULL OR NOT told)`;
