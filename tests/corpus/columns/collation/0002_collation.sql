-- dangerous: collation-rebuilds-index
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE customers ALTER COLUMN name TYPE text COLLATE "C";  -- finds: blocks-reads-during-work
