-- dangerous: set-not-null-scans
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN total SET NOT NULL;  -- finds: blocks-reads-during-work, breaks-running-writers
