-- 2024-11-18  First release: who buys, and what there is to buy.
CREATE TABLE customers (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email      text NOT NULL,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- People write their address in any case; two accounts for one mailbox are a support case each.
CREATE UNIQUE INDEX customers_email_key ON customers (lower(email));

CREATE TABLE addresses (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  street      text NOT NULL,
  postcode    text NOT NULL,
  city        text NOT NULL,
  country     text NOT NULL DEFAULT 'DE' CHECK (length(country) = 2)
);
CREATE INDEX addresses_customer_id_idx ON addresses (customer_id);

CREATE TABLE categories (
  id    smallint PRIMARY KEY,
  title text NOT NULL UNIQUE
);
INSERT INTO categories (id, title) VALUES
  (1, 'Coffee'), (2, 'Tea'), (3, 'Grinders'), (4, 'Brewers'), (5, 'Cups'), (6, 'Gift cards');

CREATE TABLE products (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  category_id smallint NOT NULL REFERENCES categories (id),
  sku         text NOT NULL UNIQUE,
  title       text NOT NULL,
  price_cents integer NOT NULL CHECK (price_cents >= 0),
  active      boolean NOT NULL DEFAULT true
);
CREATE INDEX products_category_id_idx ON products (category_id);
