-- What clients of the older call-quality app say of their calls.

-- Up Migration

CREATE TABLE call_quality_reports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  measured_at timestamptz NOT NULL,
  room_name text NOT NULL,
  participant text NOT NULL,
  video_send_bps bigint NOT NULL,
  video_recv_bps bigint NOT NULL,
  video_send_packet_loss bigint NOT NULL,
  video_recv_packet_loss bigint NOT NULL,
  CONSTRAINT call_quality_reports_room_name_length CHECK (char_length(room_name) BETWEEN 1 AND 128),
  CONSTRAINT call_quality_reports_participant_length CHECK (char_length(participant) BETWEEN 1 AND 128),
  CONSTRAINT call_quality_reports_figures CHECK (
    video_send_bps >= 0 AND video_recv_bps >= 0 AND video_send_packet_loss >= 0 AND video_recv_packet_loss >= 0
  )
);
COMMENT ON TABLE call_quality_reports IS 'As their clients sent it, rounded. It has nothing to do with sessions and participants of this server.';
COMMENT ON COLUMN call_quality_reports.measured_at IS 'As the client''s clock says.';
COMMENT ON COLUMN call_quality_reports.room_name IS 'Any text: those rooms need not be ours.';
COMMENT ON COLUMN call_quality_reports.participant IS 'A name, for show only; identifies nobody.';
COMMENT ON COLUMN call_quality_reports.video_send_packet_loss IS 'In whatever unit the client counts.';
CREATE INDEX call_quality_reports_by_time ON call_quality_reports (measured_at, id);

-- Down Migration

DROP TABLE call_quality_reports;
