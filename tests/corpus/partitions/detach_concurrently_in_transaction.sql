-- dangerous: concurrently-in-transaction
SET lock_timeout = '2s';
BEGIN;
-- pgsluice: allow breaks-running-readers because "nobody reads 2019 any more"
ALTER TABLE readings DETACH PARTITION readings_2019 CONCURRENTLY;  -- finds: forbidden-in-transaction
COMMIT;
