-- dangerous: invalid-index-kept
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY IF NOT EXISTS shipments_carrier_idx ON shipments (carrier_id);  -- finds: keeps-invalid-index
