import pg from 'pg';
import type { Pool } from 'pg';
import { counters, gauges, type Figures, type Sample } from '../../stats/sample.ts';
import { UnwritableSamplesError, type StatsSink } from '../../stats/writing/stats-sink.ts';
import { columnOf } from './columns.ts';
import { makePartitions, partitionAt, type Partition } from './partitions.ts';
import { WRITE_SAMPLES } from './write-samples.ts';

export interface QualitySinkOptions {
  /** What ended longer ago is not written: its partition may be gone, and would be dropped again. Default 30. */
  readonly sampleDays?: number;
}

/** In ms. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Clocks of servers may differ. What is said to end later than so many ms from now is not written. */
const FUTURE = DAY;

/** No bucket of a sample begins longer before its end: the sample is an hour at most, and so is a bucket. */
const LONGEST = 2 * HOUR;

/** What the samples of a batch may measure at most, all together: every 15 s of it are a row to be added up. */
const MOST_MEASURED = 20 * HOUR;

/**
 * Keeps samples in Postgres, a batch by one statement; 500 of them take some 30 ms. Partitions that are missing are made,
 * also where one was dropped meanwhile.
 */
export function createStatsSink(pool: Pool, { sampleDays = 30 }: QualitySinkOptions = {}): StatsSink {
  /** Partitions that are known to be there, by their names. */
  const known = new Set<string>();

  async function write(partitions: Partition[], samples: string): Promise<void> {
    const unknown = partitions.filter(({ name }) => !known.has(name));
    if (unknown.length > 0) await makePartitions(pool, unknown);
    for (const { name } of unknown) known.add(name);
    await pool.query({ name: 'write-samples', text: WRITE_SAMPLES, values: [samples] });
  }

  return {
    async write(samples) {
      if (samples.length === 0) return;
      refuseUnfit(samples, sampleDays * DAY);
      const partitions = partitionsFor(samples);
      const json = JSON.stringify(samples.map(recordOf));
      try {
        await write(partitions, json).catch((error: unknown) => {
          if (!lacksPartition(error)) throw error;
          known.clear();
          return write(partitions, json);
        });
      } catch (error) {
        if (!isOfSamples(error)) throw error;
        throw new UnwritableSamplesError(`PostgreSQL does not take it: ${error.message}`, { cause: error });
      }
    },
  };
}

/** @throws {UnwritableSamplesError} of what would have no partition, or take too long together. */
function refuseUnfit(samples: readonly Sample[], kept: number): void {
  const now = Date.now();
  const stray = samples.find(({ endedAt }) => !(endedAt > now - kept && endedAt < now + FUTURE));
  if (stray) {
    throw new UnwritableSamplesError(
      `A sample ended ${stray.endedAt} ms after 1970, which is too long ago or in the future.`,
    );
  }
  const measured = samples.reduce((sum, { intervalMs }) => sum + intervalMs, 0);
  if (measured > MOST_MEASURED) {
    throw new UnwritableSamplesError(
      `The intervals of ${samples.length} samples are too long to write at once.`,
    );
  }
}

function partitionsFor(samples: readonly Sample[]): Partition[] {
  const hours = new Set(samples.map(({ endedAt }) => Math.floor(endedAt / HOUR) * HOUR));
  const partitions = [...hours].flatMap((hour) => [
    partitionAt('quality_samples', new Date(hour)),
    ...[hour - LONGEST, hour].flatMap((at) => [
      partitionAt('transport_rollups', new Date(at)),
      partitionAt('room_rollups', new Date(at)),
    ]),
  ]);
  return [...new Map(partitions.map((partition) => [partition.name, partition])).values()];
}

const counterColumn = counters.map((counter) => [counter, columnOf(counter)] as const);
const gaugeColumn = gauges.map((gauge) => [gauge, columnOf(gauge)] as const);

function figuresOf(figures: Figures): Record<string, number | undefined> {
  const record: Record<string, number | undefined> = {};
  for (const [counter, column] of counterColumn) record[column] = figures[counter];
  for (const [gauge, column] of gaugeColumn) {
    const value = figures[gauge];
    // As its column keeps it: PostgreSQL refuses what is too small for that.
    record[column] = value === undefined ? undefined : Math.fround(value);
  }
  return record;
}

/** As the statement takes it. What JSON leaves out is NULL there. */
function recordOf(sample: Sample): Record<string, unknown> {
  return {
    session_id: sample.sessionId,
    participant_id: sample.participantId,
    transport_id: sample.transportId,
    direction: sample.direction,
    track_id: sample.track?.id ?? sample.transportId,
    kind: sample.track?.kind,
    source: sample.track?.source,
    producer_id: sample.track?.producerId,
    reporter: sample.reporter,
    ended_at: new Date(sample.endedAt),
    interval_ms: sample.intervalMs,
    ...figuresOf(sample.figures),
    spatial_layer: sample.spatialLayer,
    temporal_layer: sample.temporalLayer,
    protocol: sample.protocol,
    candidate_type: sample.candidateType,
  };
}

/** Of PostgreSQL's check violations only this one has no constraint. */
const lacksPartition = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '23514' && error.constraint === undefined;

/**
 * Whether it is the samples that PostgreSQL does not take: a value out of range or not of its type (class 22), missing
 * (23502) or not allowed (23514). Anything else can be mended, a table that is not there (42P01) too.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const isOfSamples = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && /^(22|23502|23514)/.test(error.code ?? '');
