-- safe: opposite-lock-order
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN cart_id bigint;
ALTER TABLE customers ADD COLUMN cart_id bigint;
