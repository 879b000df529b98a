-- safe: locks-held-across-statements
SET lock_timeout = '2s';
ALTER TABLE products ADD COLUMN a int;
ALTER TABLE products ADD COLUMN b int;
ALTER TABLE products ALTER COLUMN b SET DEFAULT 0;
