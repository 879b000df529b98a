-- safe: set-local-without-effect
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE products ADD COLUMN note text;
COMMIT;
