-- dangerous: backfill-beside-ddl
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE products ADD COLUMN slug text;
UPDATE products SET slug = lower(name) WHERE slug IS NULL;  -- finds: unbatched-dml, lock-held-across-statements
COMMIT;
