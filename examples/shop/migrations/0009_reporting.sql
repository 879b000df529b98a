-- 2025-08-04  Finance had built these in a spreadsheet. order_totals is always exact; sales_by_day is refreshed
-- every night, CONCURRENTLY, for which it needs the unique index.
CREATE VIEW order_totals AS
  SELECT o.id AS order_id, o.customer_id, o.status, o.created_at,
         sum(i.quantity::bigint * i.unit_price_cents) AS total_cents
  FROM orders o JOIN order_items i ON i.order_id = o.id
  GROUP BY o.id;

CREATE MATERIALIZED VIEW sales_by_day AS
  SELECT (o.created_at AT TIME ZONE 'UTC')::date AS day, p.category_id,
         sum(i.quantity) AS units, sum(i.quantity::bigint * i.unit_price_cents) AS revenue_cents
  FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id
  WHERE o.status <> 'cancelled'
  GROUP BY 1, 2;

CREATE UNIQUE INDEX sales_by_day_key ON sales_by_day (day, category_id);
