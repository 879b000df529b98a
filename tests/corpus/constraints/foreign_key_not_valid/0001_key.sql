-- safe: foreign-key-scans
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT payments_invoice_fkey FOREIGN KEY (invoice_id) REFERENCES invoices (id) NOT VALID;
