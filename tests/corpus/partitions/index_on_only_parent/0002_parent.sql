-- safe: concurrently-on-partitioned
SET lock_timeout = '2s';
CREATE INDEX readings_sensor_idx ON ONLY readings (sensor);
