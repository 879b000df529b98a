-- +goose Up
CREATE INDEX CONCURRENTLY users_upper ON users (upper(name));
-- +goose Down
DROP INDEX users_upper;
