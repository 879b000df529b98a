SET lock_timeout = '2s';
CREATE INDEX orders_status_idx ON orders (status);
