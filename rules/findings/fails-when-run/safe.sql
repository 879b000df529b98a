SET lock_timeout = '2s';
CREATE TABLE readings (id bigint, taken_at timestamptz NOT NULL, PRIMARY KEY (id, taken_at))
  PARTITION BY RANGE (taken_at);
