-- dangerous: concurrently-in-transaction
SET lock_timeout = '2s';
BEGIN;
REINDEX INDEX CONCURRENTLY shipments_carrier_idx;  -- finds: forbidden-in-transaction
COMMIT;
