CREATE TABLE fleet.fuel (code char(1) PRIMARY KEY, label varchar(40) NOT NULL);
INSERT INTO fleet.fuel (code, label) VALUES ('D', 'diesel'), ('E', 'electric'), ('P', 'petrol');
