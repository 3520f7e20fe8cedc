-- Access tokens that are valid no more, though they have not expired.

-- Up Migration

CREATE TABLE revocations (
  user_id text NOT NULL,
  token_id text NOT NULL,
  revoked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, token_id),
  CONSTRAINT revocations_end_after_start CHECK (expires_at >= revoked_at)
);
COMMENT ON COLUMN revocations.token_id IS 'Its jti; empty: every token of the user that was made until revoked_at.';
COMMENT ON COLUMN revocations.expires_at IS 'No such token can be valid after that: the row is dropped.';
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
CREATE INDEX revocations_by_time ON revocations (revoked_at);

-- Down Migration

DROP TABLE revocations;
