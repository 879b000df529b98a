-- dangerous: enum-value-used-too-early
SET lock_timeout = '2s';
BEGIN;
ALTER TYPE parcel_state ADD VALUE 'lost';
INSERT INTO parcels (id, state) VALUES (0, 'lost');  -- finds: fails-when-run
COMMIT;
