UPDATE fleet.fuel SET label = 'battery' WHERE code = 'E';
INSERT INTO fleet.fuel (code, label) VALUES ('H', 'hydrogen');
