ALTER TABLE fleet.trip ADD COLUMN distance_km numeric(8, 1);
ALTER TABLE fleet.trip ADD COLUMN purpose varchar(20) NOT NULL DEFAULT 'work';
COMMENT ON COLUMN fleet.trip.purpose IS 'work, private or service';
