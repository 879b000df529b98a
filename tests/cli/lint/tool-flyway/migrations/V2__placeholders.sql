CREATE TABLE ${schema}.orders (id ${big} PRIMARY KEY, note text DEFAULT '${text}') ${storage};
ALTER TABLE ${schema}.orders ADD COLUMN total ${big} DEFAULT ${total};
CREATE INDEX orders_${suffix} ON ${schema}.orders (note);
