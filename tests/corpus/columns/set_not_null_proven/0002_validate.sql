-- safe: set-not-null-scans
SET lock_timeout = '2s';
ALTER TABLE invoices VALIDATE CONSTRAINT invoices_customer_there;
