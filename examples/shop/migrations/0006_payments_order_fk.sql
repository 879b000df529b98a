-- 2025-04-08  The billing worker now waits for the order, so a payment without one is a bug: refuse it.
-- NOT VALID looks at no old row and holds its locks on payments and orders for a moment only; 0007 reads the old rows.
ALTER TABLE payments
  ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) NOT VALID;
