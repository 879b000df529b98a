-- two statements are one message, and that is a transaction
CREATE INDEX CONCURRENTLY users_id_name ON users (id, name);
ANALYZE users;
