SET lock_timeout = '2s';
ALTER TABLE products DROP COLUMN sku;
ALTER TABLE products DROP COLUMN old_price CASCADE;
ALTER TABLE products ALTER COLUMN colour DROP DEFAULT;
DROP TABLE coupons;
DROP TABLE vouchers;
