-- "A wholesale customer wants three billion paper cups."
-- What happens: integer and bigint are stored differently, so order_items is written anew under ACCESS EXCLUSIVE. The
-- shop's migrations 0011 to 0013 show the way around it.
ALTER TABLE order_items ALTER COLUMN quantity TYPE bigint;
