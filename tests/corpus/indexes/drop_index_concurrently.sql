-- safe: drop-index-blocks-reads
-- pgsluice: transaction=off
SET lock_timeout = '2s';
DROP INDEX CONCURRENTLY IF EXISTS shipments_carrier_idx;
