-- dangerous: type-change-rewrites
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN total TYPE numeric(12, 2);  -- finds: blocks-reads-during-work, breaks-running-readers
