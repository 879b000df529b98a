-- dangerous: index-belongs-to-constraint
-- pgsluice: transaction=off
SET lock_timeout = '2s';
DROP INDEX CONCURRENTLY carriers_code_key;  -- finds: fails-when-run
