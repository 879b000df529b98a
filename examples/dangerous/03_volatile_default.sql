-- "Order numbers are guessable in links: give each order a random id."
-- What happens: every row needs a value of its own, so the whole table and all its indexes are written anew under
-- ACCESS EXCLUSIVE: nobody can even read an order until that is done.
ALTER TABLE orders ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();
