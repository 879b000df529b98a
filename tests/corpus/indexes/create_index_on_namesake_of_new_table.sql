-- dangerous: new-table-by-full-name
SET lock_timeout = '2s';
BEGIN;
CREATE TABLE archive.parcels (id bigint PRIMARY KEY, carrier_id bigint);
CREATE INDEX parcels_carrier_idx ON public.parcels (carrier_id);  -- finds: blocks-writes-during-work
COMMIT;
