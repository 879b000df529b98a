-- safe: drop-not-null
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN remark DROP NOT NULL;
