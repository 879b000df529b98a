ALTER TABLE fleet.vehicle ADD CONSTRAINT fk_vehicle_fuel FOREIGN KEY (fuel_code) REFERENCES fleet.fuel (code);
