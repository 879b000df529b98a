CREATE TABLE "orders" ("id" bigserial primary key, "customer_id" bigint NOT NULL, "number" character varying NOT NULL, "total_cents" integer DEFAULT 0 NOT NULL, "placed_at" timestamp(6), "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL, CONSTRAINT "fk_rails_3dad120da9"
FOREIGN KEY ("customer_id")
  REFERENCES "customers" ("id")
);
CREATE INDEX "index_orders_on_customer_id" ON "orders" ("customer_id");
CREATE UNIQUE INDEX "index_orders_on_number" ON "orders" ("number");
CREATE TABLE "line_items" ("id" bigserial primary key, "order_id" bigint NOT NULL, "product_id" bigint NOT NULL, "quantity" integer DEFAULT 1 NOT NULL, CONSTRAINT "fk_rails_2dc2e5c22c"
FOREIGN KEY ("order_id")
  REFERENCES "orders" ("id")
, CONSTRAINT "fk_rails_11e1d5c6a8"
FOREIGN KEY ("product_id")
  REFERENCES "products" ("id")
);
CREATE INDEX "index_line_items_on_order_id" ON "line_items" ("order_id");
CREATE INDEX "index_line_items_on_product_id" ON "line_items" ("product_id");
