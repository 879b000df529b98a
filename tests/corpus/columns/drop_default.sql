-- dangerous: drop-default-breaks-writers
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN currency DROP DEFAULT;  -- finds: breaks-running-writers
