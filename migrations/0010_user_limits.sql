-- How many videos a user may watch at once, for users of whom a token or a REST call said so.

-- Up Migration

CREATE TABLE user_limits (
  user_id text PRIMARY KEY,
  token_limit smallint,
  token_issued_at timestamptz,
  set_limit smallint,
  set_at timestamptz,
  max_video_streams smallint GENERATED ALWAYS AS (
    CASE
      WHEN set_limit IS NULL OR (token_limit IS NOT NULL AND token_issued_at > set_at) THEN token_limit
      ELSE set_limit
    END
  ) STORED,
  CONSTRAINT user_limits_user_id_length CHECK (char_length(user_id) BETWEEN 1 AND 128),
  CONSTRAINT user_limits_no_guest CHECK (user_id NOT LIKE 'guest:%'),
  CONSTRAINT user_limits_token_limit CHECK (token_limit BETWEEN 0 AND 16),
  CONSTRAINT user_limits_token_limit_with_time CHECK (token_limit IS NULL OR token_issued_at IS NOT NULL),
  CONSTRAINT user_limits_set_limit CHECK (set_limit BETWEEN 0 AND 16),
  CONSTRAINT user_limits_set_limit_with_time CHECK ((set_limit IS NULL) = (set_at IS NULL))
);
CREATE INDEX user_limits_by_age ON user_limits (token_issued_at, user_id);
COMMENT ON TABLE user_limits IS 'A user''s own limit of streams. A user without a row has the server''s; guests always do.';
COMMENT ON COLUMN user_limits.token_limit IS 'maxVideoStreams of the newest token seen; null: that token leaves it to the server.';
COMMENT ON COLUMN user_limits.token_issued_at IS 'When the newest token seen was issued; null: none was seen.';
COMMENT ON COLUMN user_limits.set_limit IS 'Set over REST; null: not set.';
COMMENT ON COLUMN user_limits.set_at IS 'When it was set over REST; never before token_issued_at of that time.';
COMMENT ON COLUMN user_limits.max_video_streams IS 'The limit in force: whichever was said later. Null: the server''s.';

-- Down Migration

DROP TABLE user_limits;
