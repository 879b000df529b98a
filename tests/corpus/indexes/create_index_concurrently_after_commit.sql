-- safe: concurrently-in-transaction
SET lock_timeout = '2s';
BEGIN;
CREATE TABLE depots (id bigint PRIMARY KEY);
COMMIT;
CREATE INDEX CONCURRENTLY shipments_carrier_idx ON shipments (carrier_id);
