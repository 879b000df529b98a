SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN total_cents bigint;
ALTER TABLE orders ALTER COLUMN total_cents SET DEFAULT 0;
INSERT INTO settings VALUES ('orders.total', 'on');
