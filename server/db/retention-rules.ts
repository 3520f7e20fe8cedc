import { LONGEST_PARTITION, type Retention } from './quality/partitions.ts';

/** How many whole days what is kept. */
export interface KeptDays extends Retention {
  /** Rooms, sessions, participants and streams. */
  readonly recordDays: number;
}

/** In ms. */
const DAY = 86_400_000;

/** Longer than a token may be valid (identity/tokens.ts). */
const LONGEST_TOKEN_DAYS = 401;

/** A guest who began nothing for so long needs no rows of slots, in ms: the next stream makes them again. */
const GUEST_IDLE_MS = DAY;

/** What of a table is too old. Conditions are SQL about a row `r`; `$1` is the time before which it must be. */
export interface AgeRule {
  readonly table: string;
  /** The column that says how old a row is; without one, `stays` tells. */
  readonly age?: string;
  /** With `age` before them, a unique order that an index has: columns, and their types. */
  readonly key: Readonly<Record<string, string>>;
  /** Before when, in ms since the epoch. */
  readonly before: (days: KeptDays, now: number) => number;
  /** By any of these a row stays, however old it is. */
  readonly stays?: readonly string[];
  /** By any of these it waits for rules before: what refers to it would go with it, however much that is. */
  readonly waits?: readonly string[];
}

/**
 * Whether there is such a row. Without `OFFSET`, PostgreSQL may look all of them up at once, into a hash of a whole table.
 *
 * @param from What comes after FROM.
 */
const exists = (from: string) => `EXISTS (SELECT FROM ${from} OFFSET 0)`;

const records = ({ recordDays }: KeptDays, now: number) => now - recordDays * DAY;

/**
 * Everything that is deleted by age, but for partitions: what refers to something stands before it. A new table goes here, or
 * into `goneWith` or `keptForGood`; test/db/personal-data.test.ts says so.
 */
export const ageRules: readonly AgeRule[] = [
  {
    table: 'streams',
    age: 'ended_at',
    key: { id: 'uuid' },
    before: records,
    stays: [
      exists('slots WHERE slots.stream_id = r.id'),
      exists(`participants p JOIN room_sessions s ON s.id = p.session_id
        WHERE p.id = r.participant_id AND s.ended_at IS NULL`),
    ],
  },
  {
    table: 'participants',
    age: 'left_at',
    key: { id: 'uuid' },
    before: records,
    stays: [exists('room_sessions s WHERE s.id = r.session_id AND s.ended_at IS NULL')],
    waits: [
      exists('streams WHERE streams.participant_id = r.id'),
      exists('streams WHERE streams.publisher_id = r.id'),
    ],
  },
  {
    table: 'room_sessions',
    age: 'ended_at',
    key: { id: 'uuid' },
    before: records,
    stays: [exists('participants p WHERE p.session_id = r.id AND p.left_at IS NULL')],
    waits: [exists('participants p WHERE p.session_id = r.id')],
  },
  {
    table: 'rooms',
    age: 'created_at',
    key: { id: 'uuid' },
    before: records,
    stays: [exists('room_sessions s WHERE s.room_id = r.id AND (s.ended_at IS NULL OR s.ended_at >= $1)')],
    waits: [exists('room_sessions s WHERE s.room_id = r.id')],
  },
  {
    table: 'slots',
    key: { user_id: 'text', number: 'smallint' },
    before: (_days, now) => now - GUEST_IDLE_MS,
    stays: [
      `r.user_id NOT LIKE 'guest:%'`,
      'r.stream_id IS NOT NULL',
      exists('slots s WHERE s.user_id = r.user_id AND s.stream_id IS NOT NULL'),
      exists('participants p WHERE p.user_id = r.user_id AND p.joined_at >= $1'),
      exists('streams s WHERE s.user_id = r.user_id AND s.started_at >= $1'),
    ],
  },
  {
    // A limit that was set over REST stays until it is removed over REST. Otherwise the time of the newest token has to be known for as
    // long as an older one may be valid, so that the older one cannot set its limit again.
    table: 'user_limits',
    age: 'token_issued_at',
    key: { user_id: 'text' },
    before: (days, now) => Math.min(records(days, now), now - LONGEST_TOKEN_DAYS * DAY),
    stays: [
      'r.set_limit IS NOT NULL',
      exists('slots s WHERE s.user_id = r.user_id AND s.stream_id IS NOT NULL'),
    ],
  },
  {
    // With their tracks. Where there is a rollup, the transport went on for long, as few do.
    table: 'transports',
    age: 'first_sample_at',
    key: { id: 'uuid' },
    before: ({ sampleDays, rollupDays }, now) =>
      now - (Math.max(sampleDays, rollupDays) + LONGEST_PARTITION) * DAY,
    stays: [exists('transport_rollups t WHERE t.transport_id = r.id')],
  },
  {
    table: 'call_quality_reports',
    age: 'measured_at',
    key: { id: 'bigint' },
    before: ({ sampleDays }, now) => now - sampleDays * DAY,
  },
  {
    // From then on no token that they are about can be valid.
    table: 'revocations',
    age: 'expires_at',
    key: { user_id: 'text', token_id: 'text', room_name: 'text' },
    before: (_days, now) => now,
  },
];

/** Tables whose rows are deleted with those of another one, to which they refer. */
export const goneWith: Readonly<Record<string, string>> = { tracks: 'transports' };

/** Tables of which nothing is deleted by age, and why. */
export const keptForGood: Readonly<Record<string, string>> = {
  nodes: 'a row for each NODE_ID; it names no person',
  migrations: 'a row for each migration of the schema',
};
