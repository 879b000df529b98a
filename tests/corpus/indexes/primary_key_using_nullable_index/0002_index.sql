-- safe: primary-key-on-nullable-column
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE UNIQUE INDEX CONCURRENTLY shipment_events_pkey ON shipment_events (id);
