-- dangerous: type-narrower
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN number TYPE varchar(10);  -- finds: blocks-reads-during-work, breaks-running-readers
