-- dangerous: contract-step-undeclared
SET lock_timeout = '2s';
ALTER TABLE products ENABLE ROW LEVEL SECURITY;  -- finds: breaks-running-readers
