-- "Coffee is sold by the gram now, so a price needs tenths of a cent."
-- What happens: integer and numeric are stored differently, so products is written anew, with all its indexes, under
-- ACCESS EXCLUSIVE: no page of the shop can be shown. The shop's migrations 0011 to 0013 show the way around it.
ALTER TABLE products ALTER COLUMN price_cents TYPE numeric(12, 1);
