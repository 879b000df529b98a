-- Everything at once, as nobody should.
ALTER TABLE orders
  ADD COLUMN code uuid NOT NULL DEFAULT gen_random_uuid(),   -- for the shop's web page
  ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customers;

CREATE INDEX orders_note_idx ON orders (note);   -- searched by the support desk
ALTER TABLE customers RENAME name TO title;
