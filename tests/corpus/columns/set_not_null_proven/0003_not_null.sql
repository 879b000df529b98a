-- safe: set-not-null-scans
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN customer_id SET NOT NULL;
ALTER TABLE invoices DROP CONSTRAINT invoices_customer_there;
