-- dangerous: set-local-without-effect
-- pgsluice: transaction=off
SET LOCAL lock_timeout = '2s';  -- finds: set-local-without-effect
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
