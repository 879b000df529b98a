-- safe: index-blocks-writes
-- pgsluice: transaction=off
SET lock_timeout = '2s';
CREATE TABLE parcels (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, carrier_id bigint NOT NULL);
CREATE INDEX parcels_carrier_idx ON parcels (carrier_id);
