-- safe: lock-upgrade-deadlock
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE invoices ADD COLUMN note text;
ALTER TABLE payments ADD CONSTRAINT payments_invoice_fkey FOREIGN KEY (invoice_id) REFERENCES invoices (id) NOT VALID;
COMMIT;
