-- dangerous: concurrently-in-transaction
SET lock_timeout = '2s';
BEGIN;
DROP INDEX CONCURRENTLY shipments_carrier_idx;  -- finds: forbidden-in-transaction
COMMIT;
