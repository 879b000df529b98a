-- pgsluice: phase=contract needs-app=shop>=2.4.0
SET lock_timeout = '2s';
ALTER TABLE orders ALTER COLUMN created_at DROP DEFAULT;
