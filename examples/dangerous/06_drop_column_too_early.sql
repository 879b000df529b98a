-- "Nothing in main uses products.active any more."
-- What happens: the command takes no time at all, and then every SELECT of the release that is still running fails.
ALTER TABLE products DROP COLUMN active;
