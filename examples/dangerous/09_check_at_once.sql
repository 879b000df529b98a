-- "The warehouse printed a label with an empty postcode."
-- What happens: all addresses are read under ACCESS EXCLUSIVE before the constraint is in force.
ALTER TABLE addresses ADD CONSTRAINT addresses_postcode_present CHECK (postcode <> '');
