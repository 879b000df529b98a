-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN issued_at timestamptz NOT NULL DEFAULT now();
