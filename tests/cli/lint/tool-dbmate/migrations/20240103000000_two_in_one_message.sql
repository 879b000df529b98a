-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY users_id_name ON users (id, name);
CREATE INDEX CONCURRENTLY users_name_id ON users (name, id);

-- migrate:down
