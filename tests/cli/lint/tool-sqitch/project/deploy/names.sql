-- Deploy shop:names to pg
-- requires: users

CREATE INDEX CONCURRENTLY users_name ON users (name);
CREATE INDEX CONCURRENTLY users_id_name ON users (id, name);
