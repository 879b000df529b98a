-- dangerous: inline-constraint
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN rebate numeric CHECK (rebate >= 0);  -- finds: blocks-reads-during-work
