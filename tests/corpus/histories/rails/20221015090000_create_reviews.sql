CREATE TABLE "reviews" ("id" bigserial primary key, "product_id" bigint NOT NULL, "customer_id" bigint NOT NULL, "stars" integer NOT NULL, "body" text, "created_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_bedd9094d4"
FOREIGN KEY ("product_id")
  REFERENCES "products" ("id")
, CONSTRAINT "fk_rails_5350d2b47b"
FOREIGN KEY ("customer_id")
  REFERENCES "customers" ("id")
);
CREATE INDEX "index_reviews_on_product_id" ON "reviews" ("product_id");
CREATE INDEX "index_reviews_on_customer_id" ON "reviews" ("customer_id");
