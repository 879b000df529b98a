-- A few months of business, made up: 20,000 customers, 200 products, 60,000 orders with their items and payments.
-- Fits the schema after 0009, so that everything later finds tables that are in use.
SELECT setseed(0.42);

INSERT INTO customers (email, name, created_at)
SELECT lower(first || '.' || last) || n || '@example.com', first || ' ' || last, now() - (n % 600) * interval '1 day'
FROM (SELECT n,
             (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Radia', 'Ken', 'Margaret', 'Niklaus', 'Frances'])[1 + n % 10] AS first,
             (ARRAY['Lovelace', 'Hopper', 'van Dijk', 'Keller', 'Okafor', 'Perlman', 'Tanaka', 'Novák', 'Weiß', 'Allende', 'Silva'])[1 + n % 11] AS last
      FROM generate_series(1, 20000) AS n) AS people;

INSERT INTO addresses (customer_id, street, postcode, city)
SELECT id, 'Lindenallee ' || (1 + id % 120), lpad((id % 99999)::text, 5, '0'),
       (ARRAY['Leipzig', 'Hamburg', 'Köln', 'Jena', 'Ulm'])[1 + id % 5]
FROM customers;

INSERT INTO products (category_id, sku, title, price_cents)
SELECT 1 + n % 6, 'SKU-' || lpad(n::text, 4, '0'), 'Article ' || n, 290 + (random() * 20000)::integer
FROM generate_series(1, 200) AS n;

INSERT INTO orders (customer_id, shipping_address_id, status, created_at)
SELECT 1 + (random() * 19999)::integer, 1 + (random() * 19999)::integer,
       (ARRAY['paid', 'shipped', 'delivered', 'delivered', 'delivered', 'cancelled'])[1 + n % 6]::order_status,
       now() - (60000 - n) * interval '10 minutes'
FROM generate_series(1, 60000) AS n;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price_cents)
SELECT o.id, line, p.id, 1 + (o.id + line) % 3, p.price_cents
FROM orders o CROSS JOIN generate_series(1, 2) AS line JOIN products p ON p.id = 1 + (o.id * 7 + line * 31) % 200;

INSERT INTO payments (order_id, amount_cents, status, provider_reference, created_at)
SELECT o.id, 1000 + (o.id * 37) % 20000, 'captured', 'ch_' || md5(o.id::text), o.created_at
FROM orders o WHERE o.status <> 'cancelled';

REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;
ANALYZE;
