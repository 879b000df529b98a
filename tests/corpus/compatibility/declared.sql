-- safe: contract-step-undeclared
-- pgsluice: phase=contract needs-app=shop>=5.1
SET lock_timeout = '2s';
ALTER TABLE products DROP COLUMN old_price;
