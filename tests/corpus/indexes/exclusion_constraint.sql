-- dangerous: exclusion-constraint-blocks-reads
SET lock_timeout = '2s';
ALTER TABLE dock_bookings ADD CONSTRAINT dock_bookings_apart EXCLUDE USING gist (dock WITH =, during WITH &&);  -- finds: blocks-reads-during-work
