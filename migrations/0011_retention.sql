-- What deleting by age, and erasing a person, need to find rows quickly.

-- Up Migration

-- With the id, so that those that ended at once, in a crash, are still in an order.
CREATE INDEX streams_by_end ON streams (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX participants_by_leave ON participants (left_at, id) WHERE left_at IS NOT NULL;
CREATE INDEX room_sessions_by_end ON room_sessions (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX rooms_by_creation ON rooms (created_at, id);
CREATE INDEX call_quality_reports_by_participant ON call_quality_reports (participant, room_name);
COMMENT ON COLUMN participants.user_id IS 'Opaque: `guest:` and random bits, or the subject of a token; `erased:` and random bits once the person was erased.';
COMMENT ON COLUMN revocations.user_id IS 'Whose tokens; `sha256:` and a digest of it once the person was erased.';

-- Down Migration

COMMENT ON COLUMN revocations.user_id IS NULL;
COMMENT ON COLUMN participants.user_id IS 'Opaque: `guest:` and random bits, or the subject of a token.';
DROP INDEX call_quality_reports_by_participant;
DROP INDEX rooms_by_creation;
DROP INDEX room_sessions_by_end;
DROP INDEX participants_by_leave;
DROP INDEX streams_by_end;
