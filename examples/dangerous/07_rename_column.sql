-- "title is a bad name for the name of a product."
-- What happens: there is no moment at which old and new release both work.
ALTER TABLE products RENAME COLUMN title TO name;
