-- safe: locks-held-across-statements
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE products ADD COLUMN a int;
COMMIT;
BEGIN;
SELECT count(*) FROM stock;
COMMIT;
