-- dangerous: set-config
BEGIN;
SELECT set_config('lock_timeout', '2s', true);
ALTER TABLE products ADD COLUMN note text;
COMMIT;
ALTER TABLE stock ADD COLUMN note text;  -- finds: waits-without-lock-timeout
