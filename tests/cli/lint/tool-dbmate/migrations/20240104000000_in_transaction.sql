-- migrate:up
CREATE INDEX CONCURRENTLY users_upper ON users (upper(name));
-- migrate:down
