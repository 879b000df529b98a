SET lock_timeout = '2s';
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, note text, total int NOT NULL);
CREATE INDEX orders_customer_idx ON orders (customer);
