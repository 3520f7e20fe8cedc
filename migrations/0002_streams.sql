-- Who watched what, when, and the places that bound it.

-- Up Migration

CREATE TABLE streams (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  participant_id uuid NOT NULL REFERENCES participants ON DELETE CASCADE,
  publisher_id uuid NOT NULL REFERENCES participants ON DELETE CASCADE,
  source text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text,
  CONSTRAINT streams_end_after_start CHECK (ended_at >= started_at),
  CONSTRAINT streams_ended_with_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  CONSTRAINT streams_source CHECK (source IN ('camera', 'screen_share')),
  CONSTRAINT streams_end_reason CHECK (
    end_reason IN (
      'stopped', 'replaced', 'viewer_left', 'publisher_stopped', 'worker_died', 'failed', 'swept', 'server_crashed'
    )
  )
);
COMMENT ON TABLE streams IS 'Videos that users watched or watch: each held a slot from start to end.';
COMMENT ON COLUMN streams.participant_id IS 'Who watches.';
COMMENT ON COLUMN streams.publisher_id IS 'Whose video it is.';
COMMENT ON COLUMN streams.ended_at IS 'Null while it is watched.';
COMMENT ON COLUMN streams.end_reason IS 'swept: its slot had no stream of the server any more; what should never be seen.';
CREATE INDEX streams_by_user ON streams (user_id, started_at DESC);
CREATE INDEX streams_by_participant ON streams (participant_id);
CREATE INDEX streams_by_publisher ON streams (publisher_id);
CREATE INDEX streams_open ON streams (id) WHERE ended_at IS NULL;

CREATE TABLE slots (
  user_id text NOT NULL,
  number smallint NOT NULL,
  stream_id uuid UNIQUE REFERENCES streams ON DELETE SET NULL,
  node_id text REFERENCES nodes,
  incarnation uuid,
  taken_at timestamptz,
  lease_until timestamptz,
  PRIMARY KEY (user_id, number),
  CONSTRAINT slots_number_from_one CHECK (number >= 1)
);
COMMENT ON TABLE slots IS 'A user''s places for streams, made when the user first watches. A place is free while it has no stream.';
COMMENT ON COLUMN slots.incarnation IS 'Of the node that runs the stream: a new incarnation frees what the former held.';
COMMENT ON COLUMN slots.lease_until IS 'Renewed while the node lives.';
CREATE INDEX slots_by_node ON slots (node_id, incarnation) WHERE stream_id IS NOT NULL;

-- Down Migration

DROP TABLE slots;
DROP TABLE streams;
