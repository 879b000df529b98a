-- safe: opposite-lock-order
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE customers ADD COLUMN vat_id text;
ALTER TABLE invoices ADD COLUMN vat_id text;
COMMIT;
