-- safe: invalid-index-kept
-- pgsluice: transaction=off
SET lock_timeout = '2s';
DROP INDEX CONCURRENTLY IF EXISTS shipments_carrier_idx;
CREATE INDEX CONCURRENTLY IF NOT EXISTS shipments_carrier_idx ON shipments (carrier_id);
