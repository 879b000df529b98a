-- pgsluice: transaction=off
CREATE INDEX CONCURRENTLY "index_orders_on_placed_at" ON "orders" ("placed_at");
