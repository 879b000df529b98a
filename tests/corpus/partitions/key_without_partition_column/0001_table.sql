-- dangerous: key-without-partition-column
SET lock_timeout = '2s';
CREATE TABLE readings (id bigint PRIMARY KEY, taken_at timestamptz NOT NULL) PARTITION BY RANGE (taken_at);  -- finds: fails-when-run
