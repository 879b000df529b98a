-- safe: set-not-null-scans
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE invoices ADD CONSTRAINT invoices_customer_there CHECK (customer_id IS NOT NULL) NOT VALID;
