-- safe: not-null-without-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN customer_ref text NOT NULL DEFAULT '';
