-- "No two products of one category may have the same title."
-- What happens: the index behind the constraint is built under ACCESS EXCLUSIVE, so nobody can read products meanwhile.
ALTER TABLE products ADD CONSTRAINT products_category_title_key UNIQUE (category_id, title);
