-- safe: attach-scans-partition
SET lock_timeout = '2s';
ALTER TABLE readings_2025 ADD CONSTRAINT readings_2025_bound
  CHECK (taken_at >= '2025-01-01' AND taken_at < '2026-01-01') NOT VALID;
