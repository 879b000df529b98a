-- dangerous: lock-timeout-too-long
SET lock_timeout = '5min';
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
