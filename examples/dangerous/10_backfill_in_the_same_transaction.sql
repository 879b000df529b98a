-- "Add the order's total and fill it, in one go."
-- What happens: the column is there in a millisecond, but its ACCESS EXCLUSIVE lock stays until the transaction ends,
-- and that is when the last order has been updated.
ALTER TABLE orders ADD COLUMN total_cents bigint;
UPDATE orders
SET total_cents = (SELECT sum(i.quantity * i.unit_price_cents) FROM order_items i WHERE i.order_id = orders.id)
WHERE total_cents IS NULL;
