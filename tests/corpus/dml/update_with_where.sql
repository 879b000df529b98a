-- dangerous: unbatched-backfill
UPDATE products SET slug = lower(name) WHERE slug IS NULL;  -- finds: unbatched-dml
