-- dangerous: contract-step-undeclared
SET lock_timeout = '2s';
DROP SEQUENCE invoice_numbers;  -- finds: breaks-running-writers
