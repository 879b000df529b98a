-- pgsluice: transaction=off
-- 2025-03-11  "My orders" and the returns desk had become slow. The tables are in use, so the indexes are built
-- beside the running application, which PostgreSQL allows only outside a transaction.
CREATE INDEX CONCURRENTLY orders_customer_id_created_at_idx ON orders (customer_id, created_at DESC);
CREATE INDEX CONCURRENTLY orders_updated_at_idx ON orders (updated_at);
CREATE INDEX CONCURRENTLY order_items_product_id_idx ON order_items (product_id);
CREATE INDEX CONCURRENTLY payments_order_id_idx ON payments (order_id);
