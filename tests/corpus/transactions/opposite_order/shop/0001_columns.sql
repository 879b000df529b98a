-- dangerous: opposite-lock-order
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE invoices ADD COLUMN cart_id bigint;
ALTER TABLE customers ADD COLUMN cart_id bigint;  -- finds: deadlocks-by-lock-order
COMMIT;
