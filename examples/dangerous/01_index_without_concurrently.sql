-- "The order list filters by status, so it needs an index."
-- What happens: SHARE lock on orders for the whole build. Reading goes on; every checkout waits, minutes on a big table.
CREATE INDEX orders_status_idx ON orders (status);
