-- dangerous: unbatched-backfill
DELETE FROM stock WHERE NOT EXISTS (SELECT FROM products p WHERE p.id = stock.product_id);  -- finds: unbatched-dml
