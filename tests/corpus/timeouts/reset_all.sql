-- dangerous: lock-timeout-reset
SET lock_timeout = '2s';
RESET ALL;
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
