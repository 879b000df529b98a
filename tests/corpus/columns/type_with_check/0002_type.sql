-- dangerous: type-change-rechecks
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN number TYPE varchar(20);  -- finds: blocks-reads-during-work
