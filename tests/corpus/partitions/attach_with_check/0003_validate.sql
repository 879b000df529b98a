-- safe: attach-scans-partition
SET lock_timeout = '2s';
ALTER TABLE readings_2025 VALIDATE CONSTRAINT readings_2025_bound;
