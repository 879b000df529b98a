-- The catalog of the shop.
SET lock_timeout = '2s';
CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL
);
CREATE INDEX products_title_idx ON products (title);
