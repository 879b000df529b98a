-- safe: concurrently-on-partitioned
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY readings_2026_sensor_idx ON readings_2026 (sensor);
ALTER INDEX readings_sensor_idx ATTACH PARTITION readings_2026_sensor_idx;
