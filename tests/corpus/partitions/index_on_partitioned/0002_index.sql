-- dangerous: index-blocks-writes
SET lock_timeout = '2s';
CREATE INDEX readings_sensor_idx ON readings (sensor);  -- finds: blocks-writes-during-work
