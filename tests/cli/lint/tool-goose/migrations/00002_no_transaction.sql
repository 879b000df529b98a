-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY users_name ON users (name);
CREATE INDEX CONCURRENTLY users_id ON users (id);

-- +goose StatementBegin
CREATE INDEX CONCURRENTLY both_in ON users (id, name);
CREATE INDEX CONCURRENTLY one_message ON users (name, id);
-- +goose StatementEnd

-- +goose Down
DROP INDEX users_name;
