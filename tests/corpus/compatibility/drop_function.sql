-- dangerous: contract-step-undeclared
DROP FUNCTION price_of(bigint);  -- finds: breaks-running-readers
