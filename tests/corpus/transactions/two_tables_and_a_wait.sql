-- dangerous: locks-held-across-statements
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE products ADD COLUMN a int;
ALTER TABLE stock ADD COLUMN b int;
SELECT pg_sleep(30) FROM products;  -- finds: lock-held-across-statements
COMMIT;
