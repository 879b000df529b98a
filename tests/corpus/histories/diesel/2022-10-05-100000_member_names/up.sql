ALTER TABLE members ADD COLUMN given_name VARCHAR;
ALTER TABLE members ADD COLUMN family_name VARCHAR;
ALTER TABLE members ADD COLUMN is_guest BOOLEAN NOT NULL DEFAULT FALSE;
CREATE VIEW member_names AS SELECT id, concat_ws(' ', given_name, family_name) AS name FROM members;
