-- safe: partition-fan-out
SET lock_timeout = '2s';
CREATE TABLE readings (sensor bigint, taken_at timestamptz NOT NULL) PARTITION BY RANGE (taken_at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
