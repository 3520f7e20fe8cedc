-- What every transport carried and lost: samples as they come, and rollups of them.

-- Up Migration

ALTER TABLE participants ADD COLUMN hidden boolean NOT NULL DEFAULT false;
ALTER TABLE participants ALTER COLUMN hidden DROP DEFAULT;
COMMENT ON COLUMN participants.hidden IS 'The others in the session are not told of it.';

CREATE TABLE transports (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL,
  participant_id uuid NOT NULL,
  direction text NOT NULL,
  first_sample_at timestamptz NOT NULL,
  CONSTRAINT transports_direction CHECK (direction IN ('send', 'recv'))
);
COMMENT ON TABLE transports IS 'Whose each transport is. It is written with the first sample, which may come before its participant is recorded.';
COMMENT ON COLUMN transports.first_sample_at IS 'When the interval of its first sample began.';
CREATE INDEX transports_by_session ON transports (session_id);
CREATE INDEX transports_by_participant ON transports (participant_id);
CREATE INDEX transports_by_time ON transports (first_sample_at);

CREATE TABLE tracks (
  id uuid PRIMARY KEY,
  transport_id uuid NOT NULL REFERENCES transports ON DELETE CASCADE,
  kind text NOT NULL,
  source text NOT NULL,
  producer_id uuid NOT NULL,
  first_sample_at timestamptz NOT NULL,
  CONSTRAINT tracks_kind CHECK (kind IN ('audio', 'video')),
  CONSTRAINT tracks_source CHECK (source IN ('camera', 'microphone', 'screen_share', 'screen_share_audio'))
);
COMMENT ON TABLE tracks IS 'The producers and consumers of transports.';
COMMENT ON COLUMN tracks.producer_id IS 'Of a consumer, what it forwards; of a producer, its own id.';
CREATE INDEX tracks_by_transport ON tracks (transport_id);

CREATE TABLE quality_samples (
  ended_at timestamptz NOT NULL,
  interval_ms integer NOT NULL,
  transport_id uuid NOT NULL,
  track_id uuid NOT NULL,
  reporter text NOT NULL,
  up_bytes bigint,
  down_bytes bigint,
  up_packets bigint,
  down_packets bigint,
  up_packets_lost bigint,
  down_packets_lost bigint,
  up_audio_packets bigint,
  down_audio_packets bigint,
  up_audio_packets_lost bigint,
  down_audio_packets_lost bigint,
  up_nacks bigint,
  down_nacks bigint,
  up_plis bigint,
  down_plis bigint,
  freezes bigint,
  freeze_ms bigint,
  rtt_ms real,
  up_jitter_ms real,
  down_jitter_ms real,
  score real,
  up_available_bps real,
  down_available_bps real,
  up_fps real,
  down_fps real,
  up_frame_height real,
  down_frame_height real,
  spatial_layer smallint,
  temporal_layer smallint,
  protocol text,
  candidate_type text,
  up_bitrate_bps double precision GENERATED ALWAYS AS (up_bytes * 8000.0 / interval_ms) STORED,
  down_bitrate_bps double precision GENERATED ALWAYS AS (down_bytes * 8000.0 / interval_ms) STORED,
  up_loss_ratio real GENERATED ALWAYS AS (
    CASE WHEN up_packets > 0 AND up_packets_lost IS NOT NULL
    THEN least(up_packets_lost, up_packets)::double precision / up_packets END
  ) STORED,
  down_loss_ratio real GENERATED ALWAYS AS (
    CASE WHEN down_packets > 0 AND down_packets_lost IS NOT NULL
    THEN least(down_packets_lost, down_packets)::double precision / down_packets END
  ) STORED,
  PRIMARY KEY (transport_id, track_id, reporter, ended_at),
  CONSTRAINT quality_samples_interval CHECK (interval_ms BETWEEN 1 AND 3600000),
  CONSTRAINT quality_samples_reporter CHECK (reporter IN ('server', 'browser')),
  CONSTRAINT quality_samples_protocol CHECK (protocol IN ('udp', 'tcp')),
  CONSTRAINT quality_samples_candidate_type CHECK (candidate_type IN ('host', 'srflx', 'prflx', 'relay'))
) PARTITION BY RANGE (ended_at);
COMMENT ON TABLE quality_samples IS 'What a transport, and each of its tracks, carried and lost in an interval. A partition is a day.';
COMMENT ON COLUMN quality_samples.ended_at IS 'The interval is the interval_ms before.';
COMMENT ON COLUMN quality_samples.track_id IS 'A producer or consumer; the id of the transport itself: all of it.';
COMMENT ON COLUMN quality_samples.reporter IS 'server: by the SFU; browser: as the participant''s browser says.';
COMMENT ON COLUMN quality_samples.up_bytes IS 'From the participant to the server. Of a transport: all that UDP or TCP carried. Of a track: RTP.';
COMMENT ON COLUMN quality_samples.down_bytes IS 'From the server to the participant.';
COMMENT ON COLUMN quality_samples.up_packets IS 'RTP packets that were sent, without those sent again: what arrived and what was lost.';
COMMENT ON COLUMN quality_samples.up_packets_lost IS 'Of these, what the network lost, also where it was sent again.';
COMMENT ON COLUMN quality_samples.freezes IS 'Of received pictures, by the definition of W3C webrtc-stats.';
COMMENT ON COLUMN quality_samples.score IS 'mediasoup''s, from 0 to 10; of a transport, its worst track''s.';
COMMENT ON COLUMN quality_samples.up_available_bps IS 'The bandwidth that the sender estimates to have.';
COMMENT ON COLUMN quality_samples.up_fps IS 'Frames per second; of a transport, the mean of its videos.';
COMMENT ON COLUMN quality_samples.protocol IS 'By which the server is reached, or the relay.';
COMMENT ON COLUMN quality_samples.candidate_type IS 'Of the browser''s end of the path.';

CREATE TABLE transport_rollups (
  transport_id uuid NOT NULL,
  reporter text NOT NULL,
  resolution_s integer NOT NULL,
  bucket timestamptz NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  measured_ms double precision NOT NULL,
  up_bytes double precision,
  down_bytes double precision,
  up_packets double precision,
  down_packets double precision,
  up_packets_lost double precision,
  down_packets_lost double precision,
  up_audio_packets double precision,
  down_audio_packets double precision,
  up_audio_packets_lost double precision,
  down_audio_packets_lost double precision,
  up_nacks double precision,
  down_nacks double precision,
  up_plis double precision,
  down_plis double precision,
  freezes double precision,
  freeze_ms double precision,
  rtt_ms_sum double precision,
  rtt_ms_weight double precision,
  up_jitter_ms_sum double precision,
  up_jitter_ms_weight double precision,
  down_jitter_ms_sum double precision,
  down_jitter_ms_weight double precision,
  score_sum double precision,
  score_weight double precision,
  up_available_bps_sum double precision,
  up_available_bps_weight double precision,
  down_available_bps_sum double precision,
  down_available_bps_weight double precision,
  up_fps_sum double precision,
  up_fps_weight double precision,
  down_fps_sum double precision,
  down_fps_weight double precision,
  up_frame_height_sum double precision,
  up_frame_height_weight double precision,
  down_frame_height_sum double precision,
  down_frame_height_weight double precision,
  protocol text,
  candidate_type text,
  PRIMARY KEY (transport_id, resolution_s, bucket, reporter),
  CONSTRAINT transport_rollups_resolution CHECK (resolution_s IN (15, 60, 3600))
) PARTITION BY RANGE (bucket);
COMMENT ON TABLE transport_rollups IS 'The samples of whole transports, summed up by time. A sample counts for each bucket by the share of its interval that lies in it. A partition is a month.';
COMMENT ON COLUMN transport_rollups.bucket IS 'Its beginning; it is resolution_s long.';
COMMENT ON COLUMN transport_rollups.first_at IS 'Of what was measured in it, the beginning.';
COMMENT ON COLUMN transport_rollups.last_at IS 'And the end.';
COMMENT ON COLUMN transport_rollups.rtt_ms_sum IS 'Values times the ms for which they hold. The mean is sum / weight; so are the others.';
COMMENT ON COLUMN transport_rollups.rtt_ms_weight IS 'The ms for which there is a value.';
COMMENT ON COLUMN transport_rollups.protocol IS 'The last one.';

CREATE TABLE room_rollups (
  session_id uuid NOT NULL,
  LIKE transport_rollups INCLUDING COMMENTS,
  PRIMARY KEY (session_id, resolution_s, bucket, reporter),
  CONSTRAINT room_rollups_resolution CHECK (resolution_s IN (15, 60, 3600))
) PARTITION BY RANGE (bucket);
ALTER TABLE room_rollups DROP COLUMN transport_id, DROP COLUMN protocol, DROP COLUMN candidate_type;
COMMENT ON TABLE room_rollups IS 'The same of all transports of a session together. A partition is a month.';

-- Where TimescaleDB is, it does the partitioning.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    ALTER TABLE quality_samples RENAME TO plain_samples;
    ALTER TABLE transport_rollups RENAME TO plain_transport_rollups;
    ALTER TABLE room_rollups RENAME TO plain_room_rollups;
    CREATE TABLE quality_samples (LIKE plain_samples INCLUDING ALL);
    CREATE TABLE transport_rollups (LIKE plain_transport_rollups INCLUDING ALL);
    CREATE TABLE room_rollups (LIKE plain_room_rollups INCLUDING ALL);
    DROP TABLE plain_samples, plain_transport_rollups, plain_room_rollups;
    PERFORM create_hypertable('quality_samples', 'ended_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
    PERFORM create_hypertable('transport_rollups', 'bucket', chunk_time_interval => interval '30 days', create_default_indexes => false);
    PERFORM create_hypertable('room_rollups', 'bucket', chunk_time_interval => interval '30 days', create_default_indexes => false);
  END IF;
END $$;

-- Down Migration

DROP TABLE room_rollups;
DROP TABLE transport_rollups;
DROP TABLE quality_samples;
DROP TABLE tracks;
DROP TABLE transports;

ALTER TABLE participants DROP COLUMN hidden;
