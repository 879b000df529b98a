-- dangerous: type-change-rewrites
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
SET timezone = 'Europe/Vienna';
ALTER TABLE invoices ALTER COLUMN issued TYPE timestamptz;  -- finds: blocks-reads-during-work
