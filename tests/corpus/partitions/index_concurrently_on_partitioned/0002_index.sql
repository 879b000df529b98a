-- dangerous: concurrently-on-partitioned
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY readings_sensor_idx ON readings (sensor);  -- finds: fails-when-run
