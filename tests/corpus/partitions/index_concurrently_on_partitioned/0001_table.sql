-- safe: concurrently-on-partitioned
SET lock_timeout = '2s';
CREATE TABLE readings (sensor bigint, taken_at timestamptz NOT NULL) PARTITION BY RANGE (taken_at);
