ALTER TABLE orders ALTER note SET NOT NULL;
ALTER TABLE orders ALTER at TYPE timestamptz;
ALTER TABLE orders ALTER note TYPE varchar(40);
ALTER TABLE orders ADD COLUMN slug text DEFAULT slug('a b');
ALTER TABLE orders ADD COLUMN pieces positive;
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
DROP TABLE IF EXISTS nowhere;
ALTER TABLE IF EXISTS public.orders ADD COLUMN b int;
ALTER TABLE orders OWNER TO shop;
