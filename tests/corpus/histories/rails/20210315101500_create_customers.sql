CREATE TABLE "customers" ("id" bigserial primary key, "shop_id" bigint NOT NULL, "email" character varying NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_1f0a3d77c2"
FOREIGN KEY ("shop_id")
  REFERENCES "shops" ("id")
);
CREATE INDEX "index_customers_on_shop_id" ON "customers" ("shop_id");
CREATE UNIQUE INDEX "index_customers_on_shop_id_and_email" ON "customers" ("shop_id", "email");
