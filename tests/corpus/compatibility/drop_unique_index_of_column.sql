-- dangerous: contract-step-undeclared
SET lock_timeout = '2s';
ALTER TABLE products DROP COLUMN IF EXISTS sku CASCADE;  -- finds: breaks-running-readers
