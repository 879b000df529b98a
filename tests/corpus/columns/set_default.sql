-- safe: drop-default-breaks-writers
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN currency SET DEFAULT 'EUR';
