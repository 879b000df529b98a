-- safe: unique-constraint-blocks-reads
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE UNIQUE INDEX CONCURRENTLY shipments_tracking_key ON shipments (tracking_code);
