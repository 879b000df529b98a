CREATE INDEX CONCURRENTLY users_id_name ON users (id, name);
