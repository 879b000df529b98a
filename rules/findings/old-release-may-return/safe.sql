-- pgsluice: phase=contract needs-app=shop>=2.4.0
SET lock_timeout = '2s';
ALTER TABLE products DROP COLUMN active;
