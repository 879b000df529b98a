-- dangerous: unbatched-backfill
UPDATE products p SET category_name = c.name FROM categories c WHERE c.id = p.category_id;  -- finds: unbatched-dml
