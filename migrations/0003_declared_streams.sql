-- Streams outside the SFU, which hold the same slots, and more ways for a stream to end.

-- Up Migration

ALTER TABLE streams
  ADD COLUMN origin text NOT NULL DEFAULT 'sfu',
  ADD COLUMN label text,
  ALTER COLUMN participant_id DROP NOT NULL,
  ALTER COLUMN publisher_id DROP NOT NULL,
  ALTER COLUMN source DROP NOT NULL,
  ADD CONSTRAINT streams_origin CHECK (origin IN ('sfu', 'declared', 'stream_count')),
  ADD CONSTRAINT streams_forwarded CHECK (
    (origin = 'sfu') = (participant_id IS NOT NULL AND publisher_id IS NOT NULL AND source IS NOT NULL)
  ),
  ADD CONSTRAINT streams_label_length CHECK (char_length(label) BETWEEN 1 AND 128),
  DROP CONSTRAINT streams_end_reason,
  ADD CONSTRAINT streams_end_reason CHECK (
    end_reason IN (
      'stopped', 'replaced', 'viewer_left', 'publisher_stopped', 'worker_died', 'failed', 'swept', 'server_crashed',
      'expired', 'limit_lowered', 'ledger_lost'
    )
  );
ALTER TABLE streams ALTER COLUMN origin DROP DEFAULT;
COMMENT ON COLUMN streams.origin IS 'sfu: forwarded here; declared: by a player outside, over REST; stream_count: over the older service''s paths.';
COMMENT ON COLUMN streams.label IS 'What a player outside says of it.';
COMMENT ON COLUMN streams.end_reason IS 'swept: what should never be seen; expired: nobody renewed it; ledger_lost: its server had to give it up.';
COMMENT ON COLUMN slots.node_id IS 'Who forwards the stream; null where a player outside plays it.';
COMMENT ON COLUMN slots.lease_until IS 'Renewed while the node, or the player, lives.';

-- Down Migration

UPDATE slots SET stream_id = NULL FROM streams WHERE streams.id = slots.stream_id AND origin <> 'sfu';
DELETE FROM streams WHERE origin <> 'sfu';
UPDATE streams SET end_reason = 'swept' WHERE end_reason IN ('expired', 'limit_lowered', 'ledger_lost');
ALTER TABLE streams
  DROP CONSTRAINT streams_end_reason,
  ADD CONSTRAINT streams_end_reason CHECK (
    end_reason IN (
      'stopped', 'replaced', 'viewer_left', 'publisher_stopped', 'worker_died', 'failed', 'swept', 'server_crashed'
    )
  ),
  DROP COLUMN origin,
  DROP COLUMN label,
  ALTER COLUMN participant_id SET NOT NULL,
  ALTER COLUMN publisher_id SET NOT NULL,
  ALTER COLUMN source SET NOT NULL;
COMMENT ON COLUMN streams.end_reason IS 'swept: its slot had no stream of the server any more; what should never be seen.';
COMMENT ON COLUMN slots.node_id IS NULL;
COMMENT ON COLUMN slots.lease_until IS 'Renewed while the node lives.';
