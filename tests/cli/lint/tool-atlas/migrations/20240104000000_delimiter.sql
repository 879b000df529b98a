-- atlas:delimiter -- end

CREATE TABLE "teams" ("id" bigint NOT NULL)
-- end
CREATE TABLE "roles" ("id" bigint NOT NULL)
-- end
