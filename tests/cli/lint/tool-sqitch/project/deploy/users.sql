-- Deploy shop:users to pg

BEGIN;

CREATE TABLE users (id bigint PRIMARY KEY, name text);
ALTER TABLE users OWNER TO :"owner";

COMMIT;
