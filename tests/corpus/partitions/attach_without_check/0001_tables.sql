-- safe: attach-scans-partition
SET lock_timeout = '2s';
CREATE TABLE readings (sensor bigint, taken_at timestamptz NOT NULL) PARTITION BY RANGE (taken_at);
CREATE TABLE readings_2025 (sensor bigint, taken_at timestamptz NOT NULL);
