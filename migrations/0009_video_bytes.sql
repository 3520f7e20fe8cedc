-- What transports carried of videos alone, so that nobody has to sum up the samples of every track for it.

-- Up Migration

ALTER TABLE quality_samples ADD COLUMN up_video_bytes bigint, ADD COLUMN down_video_bytes bigint;
ALTER TABLE transport_rollups ADD COLUMN up_video_bytes double precision, ADD COLUMN down_video_bytes double precision;
ALTER TABLE room_rollups ADD COLUMN up_video_bytes double precision, ADD COLUMN down_video_bytes double precision;
COMMENT ON COLUMN quality_samples.up_video_bytes IS 'RTP of all videos; of whole transports alone. Null where there is none, and in what was recorded before there was this column.';
COMMENT ON COLUMN transport_rollups.up_video_bytes IS 'RTP of all videos. Null where there is none, and in what was recorded before there was this column.';
COMMENT ON COLUMN room_rollups.up_video_bytes IS 'RTP of all videos. Null where there is none, and in what was recorded before there was this column.';

-- Down Migration

ALTER TABLE room_rollups DROP COLUMN up_video_bytes, DROP COLUMN down_video_bytes;
ALTER TABLE transport_rollups DROP COLUMN up_video_bytes, DROP COLUMN down_video_bytes;
ALTER TABLE quality_samples DROP COLUMN up_video_bytes, DROP COLUMN down_video_bytes;
