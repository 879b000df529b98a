-- dangerous: contract-step-undeclared
SET lock_timeout = '2s';
ALTER TABLE products DROP COLUMN old_price, ADD COLUMN list_price numeric;  -- finds: breaks-running-readers
