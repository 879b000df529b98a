-- dangerous: drop-table-breaks
SET lock_timeout = '2s';
DROP TYPE parcel_state CASCADE;  -- finds: breaks-running-readers
