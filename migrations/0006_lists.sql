-- What lists by time, page by page, and the question who watches what in a room, need to be quick.

-- Up Migration

DROP INDEX streams_by_user;
CREATE INDEX streams_by_user ON streams (user_id, started_at DESC, id DESC);
DROP INDEX participants_by_session;
CREATE INDEX participants_by_session ON participants (session_id, joined_at DESC, id DESC);
DROP INDEX room_sessions_by_room;
CREATE INDEX room_sessions_by_room ON room_sessions (room_id, started_at DESC, id DESC);
DROP INDEX streams_open;
CREATE INDEX streams_open ON streams (participant_id) WHERE ended_at IS NULL;

-- Down Migration

DROP INDEX streams_open;
CREATE INDEX streams_open ON streams (id) WHERE ended_at IS NULL;
DROP INDEX room_sessions_by_room;
CREATE INDEX room_sessions_by_room ON room_sessions (room_id, started_at DESC);
DROP INDEX participants_by_session;
CREATE INDEX participants_by_session ON participants (session_id, joined_at);
DROP INDEX streams_by_user;
CREATE INDEX streams_by_user ON streams (user_id, started_at DESC);
