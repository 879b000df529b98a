-- "An order should not ship to an address that does not exist."
-- What happens: SHARE ROW EXCLUSIVE on orders and on addresses while all orders are checked; nobody can write to
-- either table meanwhile.
ALTER TABLE orders
  ADD CONSTRAINT orders_shipping_address_id_fkey FOREIGN KEY (shipping_address_id) REFERENCES addresses (id);
