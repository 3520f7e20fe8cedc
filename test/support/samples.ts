import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { columnOf, summedColumns } from '../../server/db/quality/columns.ts';
import { counters, gauges, type Sample, type SampledTrack } from '../../server/stats/sample.ts';
import { resolutions } from '../../server/stats/steps.ts';

/** A sample of a whole transport, of a second that is just over, unless it is said otherwise. */
export function sampleOf(own: Partial<Sample> = {}): Sample {
  return {
    sessionId: randomUUID(),
    participantId: randomUUID(),
    transportId: randomUUID(),
    direction: 'send',
    track: undefined,
    reporter: 'server',
    endedAt: Date.now(),
    intervalMs: 1_000,
    figures: {},
    protocol: undefined,
    candidateType: undefined,
    spatialLayer: undefined,
    temporalLayer: undefined,
    ...own,
  };
}

export const trackOf = (own: Partial<SampledTrack> = {}): SampledTrack => ({
  id: randomUUID(),
  kind: 'video',
  source: 'camera',
  producerId: randomUUID(),
  ...own,
});

/** A rollup without its last known texts: what adds up, and its times in ms since the epoch. Null: nobody knows. */
export type Rollup = Record<string, number | null>;

/** By whose it is, reporter, resolution and bucket. */
export type Rollups = Map<string, Rollup>;

const add = (rollup: Rollup, column: string, value: number | null): void => {
  if (value !== null) rollup[column] = (rollup[column] ?? 0) + value;
};

/** The rollups of samples of whole transports, made the slow way: bucket after bucket. */
function rollupsOf(samples: readonly Sample[], whose: (sample: Sample) => string): Rollups {
  const rollups: Rollups = new Map();
  for (const sample of samples) {
    const { endedAt, intervalMs, figures, reporter } = sample;
    const startedAt = endedAt - intervalMs;
    for (const resolution of resolutions.filter((each) => each > 1)) {
      const length = resolution * 1_000;
      for (let bucket = Math.floor(startedAt / length) * length; bucket < endedAt; bucket += length) {
        const from = Math.max(bucket, startedAt);
        const to = Math.min(bucket + length, endedAt);
        const key = `${whose(sample)} ${reporter} ${resolution} ${new Date(bucket).toISOString()}`;
        const rollup = rollups.get(key) ?? emptyRollup(from, to);
        rollups.set(key, rollup);
        rollup['first_at'] = Math.min(rollup['first_at'] ?? from, from);
        rollup['last_at'] = Math.max(rollup['last_at'] ?? to, to);
        add(rollup, 'measured_ms', to - from);
        for (const counter of counters) {
          const value = figures[counter];
          add(rollup, columnOf(counter), value === undefined ? null : (value * (to - from)) / intervalMs);
        }
        for (const gauge of gauges) {
          const value = figures[gauge];
          if (value === undefined) continue;
          // PostgreSQL keeps it as a float of 4 bytes.
          add(rollup, `${columnOf(gauge)}_sum`, Math.fround(value) * (to - from));
          add(rollup, `${columnOf(gauge)}_weight`, to - from);
        }
      }
    }
  }
  return rollups;
}

const emptyRollup = (from: number, to: number): Rollup => ({
  first_at: from,
  last_at: to,
  measured_ms: 0,
  ...Object.fromEntries(summedColumns.map((column) => [column, null])),
});

/** What is in the tables, of some transports or sessions. */
async function storedRollups(
  pool: Pool,
  kind: 'transport' | 'session',
  ids: readonly string[],
): Promise<Rollups> {
  const table = kind === 'transport' ? 'transport_rollups' : 'room_rollups';
  const { rows } = await pool.query<
    Record<string, number | null> & {
      id: string;
      reporter: string;
      bucket: Date;
      first_at: Date;
      last_at: Date;
    }
  >(`SELECT *, ${kind}_id AS id FROM ${table} WHERE ${kind}_id = ANY($1)`, [ids]);
  return new Map(
    rows.map((row) => [
      `${row.id} ${row.reporter} ${row['resolution_s'] ?? ''} ${row.bucket.toISOString()}`,
      {
        first_at: row.first_at.getTime(),
        last_at: row.last_at.getTime(),
        measured_ms: row['measured_ms'] ?? null,
        ...Object.fromEntries(summedColumns.map((column) => [column, row[column] ?? null])),
      },
    ]),
  );
}

/** How two differ; sums of floats in another order differ in their last digits. Empty: they are the same. */
function differences(found: Rollups, expected: Rollups): string[] {
  const keys = [...new Set([...found.keys(), ...expected.keys()])];
  return keys.flatMap((key) => {
    const [one, other] = [found.get(key), expected.get(key)];
    if (!one || !other) return [`${key}: ${one ? 'should not be there' : 'is missing'}`];
    return Object.keys(other)
      .filter((column) => !isClose(one[column] ?? null, other[column] ?? null))
      .map((column) => `${key}: ${column} is ${one[column]}, not ${other[column]}`);
  });
}

function isClose(one: number | null, other: number | null): boolean {
  if (one === null || other === null) return one === other;
  return Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one), Math.abs(other));
}

const idsOf = (samples: readonly Sample[], id: 'transportId' | 'sessionId') => [
  ...new Set(samples.map((sample) => sample[id])),
];

/** Where the rollups that are stored are not those of these samples. Empty: nowhere. */
export async function mistakesIn(pool: Pool, samples: readonly Sample[]): Promise<string[]> {
  const wholes = samples.filter(({ track }) => track === undefined);
  const of = async (kind: 'transport' | 'session', id: 'transportId' | 'sessionId') =>
    differences(
      await storedRollups(pool, kind, idsOf(samples, id)),
      rollupsOf(wholes, (sample) => sample[id]),
    );
  return [...(await of('transport', 'transportId')), ...(await of('session', 'sessionId'))];
}

/** How many samples are stored of the transports of these. */
export async function countIn(pool: Pool, samples: readonly Sample[]): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM quality_samples WHERE transport_id = ANY($1)',
    [idsOf(samples, 'transportId')],
  );
  return rows[0]?.n ?? 0;
}
