-- safe: index-blocks-writes
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY shipments_carrier_idx ON shipments (carrier_id);
