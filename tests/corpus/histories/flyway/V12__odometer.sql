ALTER TABLE fleet.vehicle ADD COLUMN odometer_km integer NOT NULL DEFAULT 0;
ALTER TABLE fleet.trip ALTER COLUMN purpose SET DEFAULT 'service';
COMMENT ON COLUMN fleet.vehicle.odometer_km IS 'as the driver reads it';
