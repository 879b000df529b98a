CREATE TABLE "shops" ("id" bigserial primary key, "name" character varying NOT NULL, "domain" character varying, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE UNIQUE INDEX "index_shops_on_domain" ON "shops" ("domain");
