import { randomUUID } from 'node:crypto';
import { migrate } from '../db/migrate.ts';
import { createPool } from '../db/pool.ts';
import { createSlotLedger } from '../db/slots.ts';
import type { SlotLedger } from '../streams/slot-ledger.ts';
import { withDatabase } from './database.ts';
import { CommandError } from './error.ts';

/** How many streams each user has afterwards; who has none is known all the same. */
const streamsOf = { '1': 1, '2': 2, '3': 3, '5': 0 };

/** Makes the users' streams as a client of the older service would; run again, it gives the same. */
export async function run(args: string[]): Promise<void> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new CommandError('Test data is not for production (NODE_ENV=production): nothing was changed.');
  }
  await withDatabase(args, async ({ config, connectionString, log }) => {
    await migrate({ connectionString, log });
    const pool = createPool({ connectionString, log });
    try {
      // Streams outside the SFU belong to no node, and have leases of their own.
      const { MAX_STREAMS_PER_USER: limit, STREAM_COUNT_LEASE_MS: lease } = config;
      const node = { nodeId: 'seed', incarnation: randomUUID() };
      const ledger = createSlotLedger(pool, node, { lease: 0, limit });
      for (const [userId, count] of Object.entries(streamsOf)) {
        await giveStreams(ledger, userId, count, lease);
      }
    } finally {
      await pool.end();
    }
  });
  const made = Object.entries(streamsOf).map(([userId, count]) => `user ${userId} has ${count}`);
  process.stdout.write(`Streams of the older service: ${made.join(', ')}.\n`);
}

async function giveStreams(ledger: SlotLedger, userId: string, count: number, lease: number): Promise<void> {
  while (await ledger.endOldest(userId, 'stream_count'));
  // Who has had a stream is known.
  for (let made = 0; made < Math.max(count, 1); made += 1) {
    const stream = { id: randomUUID(), userId, origin: 'stream_count', label: undefined, lease } as const;
    const { granted } = await ledger.acquire(stream);
    if (!granted) {
      const { limit } = await ledger.limitOf(userId);
      throw new CommandError(
        `User ${userId} cannot have ${count} streams: ${made} could be started, and all ${limit} slots are held.`,
      );
    }
  }
  if (count === 0) await ledger.endOldest(userId, 'stream_count');
}
