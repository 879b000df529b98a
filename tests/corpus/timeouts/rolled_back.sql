-- dangerous: lock-timeout-lost-at-commit
BEGIN;
SET lock_timeout = '2s';
ROLLBACK;
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
