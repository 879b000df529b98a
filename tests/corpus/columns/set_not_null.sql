-- dangerous: set-not-null-scans
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN customer_id SET NOT NULL;  -- finds: blocks-reads-during-work, breaks-running-writers
