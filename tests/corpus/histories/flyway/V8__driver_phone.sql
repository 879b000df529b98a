ALTER TABLE fleet.driver ADD COLUMN phone varchar(40);
ALTER TABLE fleet.driver ADD COLUMN email varchar(254);
