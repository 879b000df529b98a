-- dangerous: lock-timeout-zero
SET lock_timeout TO '0ms';
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
