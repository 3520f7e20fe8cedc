/** Instead of the name of somebody who was erased. */
export const ERASED_NAME = 'Erased participant';

/** What begins the user id of somebody who was erased. Random bits follow, which are kept nowhere else. */
export const ERASED = 'erased:';

/**
 * Where a table names people, and how they are erased from it. SQL about a row `r`, in which `:user` is the
 * user, `:pseudonym` the random one, and `:names` and `:rooms` are the names that the user had, each in the room beside it.
 */
export interface PersonalRows {
  readonly table: string;
  /** All its columns that have a user's id, a name, or text that may have one. */
  readonly columns: readonly string[];
  readonly whose: string;
  /** Such a row is in use: it stays until it is not. */
  readonly inUse?: string;
  /** What becomes of it: `set`, columns and their new values; `insert`, a statement that puts what it makes of the rows `gone` back. */
  readonly becomes:
    'deleted' | { readonly set: Readonly<Record<string, string>> } | { readonly insert: string };
}

/**
 * Everything that names people. A table with such a column goes here, or its column into `namesNobody`:
 * test/db/personal-data.test.ts says so. Reports are found by the names that participants have, so they come first.
 */
export const personalData: readonly PersonalRows[] = [
  {
    table: 'call_quality_reports',
    columns: ['participant'],
    whose: 'r.participant = :user',
    becomes: { set: { participant: ':pseudonym' } },
  },
  {
    table: 'call_quality_reports',
    columns: ['participant'],
    whose: '(r.participant, r.room_name) IN (SELECT * FROM unnest(:names::text[], :rooms::text[]))',
    becomes: { set: { participant: ':pseudonym' } },
  },
  {
    table: 'streams',
    columns: ['user_id', 'label'],
    whose: 'r.user_id = :user',
    inUse: 'r.ended_at IS NULL',
    becomes: { set: { user_id: ':pseudonym', label: 'NULL' } },
  },
  {
    table: 'participants',
    columns: ['user_id', 'display_name'],
    whose: 'r.user_id = :user',
    inUse: 'r.left_at IS NULL',
    becomes: { set: { user_id: ':pseudonym', display_name: `'${ERASED_NAME}'` } },
  },
  {
    // They are made again when the user next watches.
    table: 'slots',
    columns: ['user_id'],
    whose: 'r.user_id = :user',
    inUse: 'r.stream_id IS NOT NULL',
    becomes: 'deleted',
  },
  {
    // The server's limit holds again, unless a token or REST says otherwise.
    table: 'user_limits',
    columns: ['user_id'],
    whose: 'r.user_id = :user',
    inUse: 'EXISTS (SELECT FROM slots s WHERE s.user_id = r.user_id AND s.stream_id IS NOT NULL)',
    becomes: 'deleted',
  },
  {
    // They go on to keep out whom they keep out: by a digest, as identity/revocations.ts knows it.
    table: 'revocations',
    columns: ['user_id'],
    whose: 'r.user_id = :user',
    becomes: {
      insert: `INSERT INTO revocations (user_id, token_id, room_name, revoked_at, expires_at)
        SELECT 'sha256:' || encode(sha256(convert_to(user_id, 'UTF8')), 'hex'), token_id, room_name, revoked_at, expires_at FROM gone
        ON CONFLICT (user_id, token_id, room_name) DO UPDATE
        SET revoked_at = greatest(revocations.revoked_at, excluded.revoked_at),
            expires_at = greatest(revocations.expires_at, excluded.expires_at)`,
    },
  },
];

/** Columns with text that names no person, and why. */
export const namesNobody: Readonly<Record<string, string>> = {
  'nodes.id': 'NODE_ID, by which the operator calls a server',
  'room_sessions.node_id': 'a server',
  'slots.node_id': 'a server',
  'rooms.name': 'the name of a room belongs to all who meet in it, and goes with its last session',
  'call_quality_reports.room_name': 'the name of a room, which goes with the report',
  'revocations.token_id': 'the jti of a token, or a digest of it, which goes when the revocation expires',
  'revocations.room_name': 'the name of a room, which goes when the revocation expires',
  'transport_rollups.reporter': 'server or browser',
  'room_rollups.reporter': 'server or browser',
  'transport_rollups.protocol': 'udp or tcp',
  'transport_rollups.candidate_type': 'a kind of path',
  'migrations.name': 'a file of migrations/',
};
