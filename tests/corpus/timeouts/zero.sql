-- dangerous: lock-timeout-zero
SET lock_timeout = 0;
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
