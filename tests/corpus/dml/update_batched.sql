-- safe: unbatched-backfill
-- pgsluice: batch key=id size=1000
UPDATE products SET slug = lower(name) WHERE slug IS NULL;
