-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN extra jsonb NOT NULL DEFAULT '{}'::jsonb;
