CREATE TABLE products (id bigint PRIMARY KEY, name text, sku text, old_price numeric, colour text NOT NULL DEFAULT '');
CREATE TABLE coupons (id bigint PRIMARY KEY, code text);
CREATE VIEW cheap AS SELECT id, old_price FROM products WHERE old_price < 10;
CREATE TABLE vouchers (id bigint PRIMARY KEY, note text);
