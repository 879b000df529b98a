-- dangerous: stored-generated-column
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) STORED;  -- finds: blocks-reads-during-work
