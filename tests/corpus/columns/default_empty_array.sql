-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN tags text[] NOT NULL DEFAULT ARRAY[]::text[];
