-- dangerous: foreign-key-scans
SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT payments_invoice_fkey FOREIGN KEY (invoice_id) REFERENCES invoices (id);  -- finds: blocks-writes-during-work
