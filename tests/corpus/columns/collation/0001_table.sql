-- safe: collation-rebuilds-index
SET lock_timeout = '2s';
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE INDEX customers_name_idx ON customers (name);
