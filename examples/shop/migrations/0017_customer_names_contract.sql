-- pgsluice: phase=contract
-- pgsluice: needs-app=shop>=2.4.0 soak=24h
-- 2026-06-02  No release that reads customers.name is left.
DROP TRIGGER customers_sync_names ON customers;
DROP FUNCTION customers_sync_names();
ALTER TABLE customers DROP COLUMN name;
