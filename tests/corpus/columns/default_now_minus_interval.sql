-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN due_at timestamptz DEFAULT now() - interval '1 day';
