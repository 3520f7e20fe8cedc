import type { Registry } from 'prom-client';
import { gauge, type Labelled } from './definitions.ts';

/** What a pool of connections says of itself, in numbers of connections and of those who wait for one. */
export interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** The connections to the database, by what each pool is for. */
export function describeDatabase(registry: Registry, pools: Readonly<Record<string, PoolCounts>>): void {
  gauge(registry, {
    name: 'database_connections',
    help: 'Connections to the database that are open, by what they are for.',
    labelNames: ['pool', 'state'],
    read: () =>
      Object.entries(pools).flatMap(([pool, { totalCount, idleCount }]): Labelled<'pool' | 'state'>[] => [
        [{ pool, state: 'busy' }, totalCount - idleCount],
        [{ pool, state: 'idle' }, idleCount],
      ]),
  });
  gauge(registry, {
    name: 'database_waiting',
    help: 'Queries that wait for a connection to the database to come free.',
    labelNames: ['pool'],
    read: () =>
      Object.entries(pools).map(([pool, { waitingCount }]): Labelled<'pool'> => [{ pool }, waitingCount]),
  });
}
