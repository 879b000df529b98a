-- dangerous: lock-timeout-lost-at-commit
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE products ADD COLUMN note text;
COMMIT;
ALTER TABLE stock ADD COLUMN note text;  -- finds: waits-without-lock-timeout
