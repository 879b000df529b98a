-- atlas:txmode none

CREATE INDEX CONCURRENTLY "users_name" ON "users" ("name");
CREATE INDEX CONCURRENTLY "users_id_name" ON "users" ("id", "name");
