CREATE INDEX orders_note_idx ON orders (note);
ALTER TABLE customers ADD COLUMN note text;
UPDATE orders SET note = '' WHERE note IS NULL;
