-- dangerous: rename-breaks
ALTER TYPE parcel_state RENAME VALUE 'lost' TO 'missing';  -- finds: breaks-running-readers
