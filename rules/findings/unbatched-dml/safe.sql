-- pgsluice: batch key=id size=1000
UPDATE products SET price_cents = round(price_cents * 1.03);

CREATE TABLE currencies (code text PRIMARY KEY, name text);
INSERT INTO currencies VALUES ('EUR', 'euro');
UPDATE currencies SET name = 'Euro';
