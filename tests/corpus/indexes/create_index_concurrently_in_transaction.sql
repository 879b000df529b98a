-- dangerous: concurrently-in-transaction
SET lock_timeout = '2s';
BEGIN;
CREATE INDEX CONCURRENTLY shipments_carrier_idx ON shipments (carrier_id);  -- finds: forbidden-in-transaction
COMMIT;
