-- dangerous: backfill-beside-ddl
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE products ADD COLUMN stock_id bigint;
INSERT INTO stock (product_id) SELECT id FROM products;  -- finds: lock-held-across-statements
COMMIT;
