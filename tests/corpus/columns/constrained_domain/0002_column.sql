-- dangerous: constrained-domain-column
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN discount percentage;  -- finds: blocks-reads-during-work
