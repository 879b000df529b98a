-- dangerous: lock-upgrade-deadlock
SET lock_timeout = '2s';
BEGIN;
UPDATE products SET slug = lower(name) WHERE slug IS NULL;  -- finds: unbatched-dml
ALTER TABLE products ADD COLUMN slug_is_final boolean;  -- finds: deadlocks-by-stronger-lock
COMMIT;
