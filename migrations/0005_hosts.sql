-- What hosts set of a room, and whom they removed.

-- Up Migration

ALTER TABLE room_sessions
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN locked boolean NOT NULL DEFAULT false,
  ADD COLUMN max_participants integer,
  ADD COLUMN empty_ttl_ms bigint NOT NULL DEFAULT 300000,
  ADD CONSTRAINT room_sessions_max_participants CHECK (max_participants >= 1);
ALTER TABLE room_sessions ALTER COLUMN version DROP DEFAULT;
ALTER TABLE room_sessions ALTER COLUMN locked DROP DEFAULT;
ALTER TABLE room_sessions ALTER COLUMN empty_ttl_ms DROP DEFAULT;
COMMENT ON COLUMN room_sessions.version IS 'Of the settings; goes up with each change.';
COMMENT ON COLUMN room_sessions.locked IS 'Nobody new gets in, but for hosts.';
COMMENT ON COLUMN room_sessions.max_participants IS 'At once; null: as many as the server lets into any room.';
COMMENT ON COLUMN room_sessions.empty_ttl_ms IS 'Time that the session goes on after the last one left.';
CREATE INDEX room_sessions_by_start ON room_sessions (started_at DESC, id DESC);

ALTER TABLE revocations
  ADD COLUMN room_name text NOT NULL DEFAULT '',
  DROP CONSTRAINT revocations_pkey,
  ADD PRIMARY KEY (user_id, token_id, room_name);
ALTER TABLE revocations ALTER COLUMN room_name DROP DEFAULT;
COMMENT ON COLUMN revocations.room_name IS 'For that room alone: a host removed the user. Empty: for everything.';

-- Down Migration

DELETE FROM revocations WHERE room_name <> '';
ALTER TABLE revocations
  DROP CONSTRAINT revocations_pkey,
  DROP COLUMN room_name,
  ADD PRIMARY KEY (user_id, token_id);

DROP INDEX room_sessions_by_start;
ALTER TABLE room_sessions
  DROP COLUMN empty_ttl_ms,
  DROP COLUMN max_participants,
  DROP COLUMN locked,
  DROP COLUMN version;
