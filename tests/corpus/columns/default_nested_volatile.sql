-- dangerous: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN code text DEFAULT upper(substr(md5(random()::text), 1, 8));  -- finds: blocks-reads-during-work
