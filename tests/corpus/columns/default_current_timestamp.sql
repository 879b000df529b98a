-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN seen_at timestamptz DEFAULT CURRENT_TIMESTAMP;
