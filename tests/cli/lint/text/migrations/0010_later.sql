SET lock_timeout = '2s';
-- pgsluice: allow breaks-running-readers because "no release has read it since 2.3.0"
ALTER TABLE products DROP COLUMN title;
UPDATE products SET code = NULL;
