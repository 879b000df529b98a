CREATE TABLE "products" ("id" bigserial primary key, "shop_id" bigint NOT NULL, "title" character varying, "price_cents" integer DEFAULT 0 NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_9c2b7f2a41"
FOREIGN KEY ("shop_id")
  REFERENCES "shops" ("id")
);
CREATE INDEX "index_products_on_shop_id" ON "products" ("shop_id");
