ALTER TABLE fleet.vehicle ADD COLUMN fuel_code char(1);
ALTER TABLE fleet.vehicle ADD COLUMN active boolean NOT NULL DEFAULT true;
