-- safe: opposite-lock-order
SET lock_timeout = '2s';
ALTER TABLE customers ADD COLUMN vat_id text;
ALTER TABLE invoices ADD COLUMN vat_id text;
