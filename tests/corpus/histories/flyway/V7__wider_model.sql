ALTER TABLE fleet.vehicle ALTER COLUMN model TYPE varchar(200);
ALTER TABLE fleet.driver ALTER COLUMN name TYPE varchar(240);
