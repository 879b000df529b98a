-- dangerous: enum-value-used-too-early
SET lock_timeout = '2s';
BEGIN;
ALTER TYPE parcel_state ADD VALUE IF NOT EXISTS 'draft' BEFORE 'new';
ALTER TABLE parcels ALTER COLUMN state SET DEFAULT 'draft';  -- finds: fails-when-run
COMMIT;
