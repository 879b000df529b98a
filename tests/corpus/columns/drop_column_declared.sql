-- safe: drop-column-breaks
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE invoices DROP COLUMN remark;
