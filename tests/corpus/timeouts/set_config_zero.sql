-- dangerous: set-config
SELECT pg_catalog.set_config('lock_timeout', '0', false);
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
