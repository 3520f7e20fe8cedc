-- Who was in which call, and when.

-- Up Migration

CREATE TABLE nodes (
  id text PRIMARY KEY,
  incarnation uuid NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  CONSTRAINT nodes_seen_after_start CHECK (seen_at >= started_at)
);
COMMENT ON TABLE nodes IS 'The servers that share this database; a row outlives its server.';
COMMENT ON COLUMN nodes.id IS 'NODE_ID: the name that a server keeps when it is restarted.';
COMMENT ON COLUMN nodes.incarnation IS 'Made anew at each start.';
COMMENT ON COLUMN nodes.seen_at IS 'When the server last said that it is alive; after a crash, when its calls ended.';

CREATE TABLE rooms (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  CONSTRAINT rooms_name_length CHECK (char_length(name) BETWEEN 1 AND 128)
);
COMMENT ON TABLE rooms IS 'Names at which people meet. A use of one, from the first join to the last leave, is a session.';

CREATE TABLE room_sessions (
  id uuid PRIMARY KEY,
  room_id uuid NOT NULL REFERENCES rooms,
  node_id text NOT NULL REFERENCES nodes,
  incarnation uuid NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT room_sessions_end_after_start CHECK (ended_at >= started_at)
);
COMMENT ON COLUMN room_sessions.incarnation IS 'Of the node, when it ran the session.';
COMMENT ON COLUMN room_sessions.ended_at IS 'Null while the session runs.';
CREATE INDEX room_sessions_by_room ON room_sessions (room_id, started_at DESC);
CREATE INDEX room_sessions_open ON room_sessions (node_id, incarnation) WHERE ended_at IS NULL;

CREATE TABLE participants (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES room_sessions ON DELETE CASCADE,
  user_id text NOT NULL,
  display_name text NOT NULL,
  joined_at timestamptz NOT NULL,
  left_at timestamptz,
  leave_reason text,
  CONSTRAINT participants_user_id_length CHECK (char_length(user_id) BETWEEN 1 AND 128),
  CONSTRAINT participants_leave_after_join CHECK (left_at >= joined_at),
  CONSTRAINT participants_left_with_reason CHECK ((left_at IS NULL) = (leave_reason IS NULL)),
  CONSTRAINT participants_leave_reason CHECK (
    leave_reason IN (
      'left', 'disconnected', 'removed', 'room_closed', 'worker_died', 'server_stopped', 'server_crashed'
    )
  )
);
COMMENT ON TABLE participants IS 'One user''s presence in one session over one connection; two tabs are two participants.';
COMMENT ON COLUMN participants.user_id IS 'Opaque: `guest:` and random bits, or the subject of a token.';
COMMENT ON COLUMN participants.display_name IS 'For show only; identifies nobody.';
COMMENT ON COLUMN participants.left_at IS 'Null while present. After a crash, when the node was last seen.';
CREATE INDEX participants_by_session ON participants (session_id, joined_at);
CREATE INDEX participants_by_user ON participants (user_id, joined_at DESC);
CREATE INDEX participants_present ON participants (session_id) WHERE left_at IS NULL;

-- Down Migration

DROP TABLE participants;
DROP TABLE room_sessions;
DROP TABLE rooms;
DROP TABLE nodes;
