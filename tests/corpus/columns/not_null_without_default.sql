-- dangerous: not-null-without-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN customer_ref text NOT NULL;  -- finds: blocks-reads-during-work, breaks-running-writers
