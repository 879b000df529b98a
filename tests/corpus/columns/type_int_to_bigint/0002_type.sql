-- dangerous: type-change-rewrites
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN id TYPE bigint;  -- finds: blocks-reads-during-work
