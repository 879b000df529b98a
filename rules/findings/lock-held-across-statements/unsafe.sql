SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN total_cents bigint;
INSERT INTO order_totals SELECT order_id, sum(cents) FROM order_items GROUP BY order_id;
