-- dangerous: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN touched_at timestamptz DEFAULT clock_timestamp();  -- finds: blocks-reads-during-work
