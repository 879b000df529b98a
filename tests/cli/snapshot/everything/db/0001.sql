CREATE TYPE status AS ENUM ('new', 'paid');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE address AS (street text, city varchar(40));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.at := now();
  RETURN NEW;
END $$;
CREATE FUNCTION twice(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql IMMUTABLE RETURN a * 2;
CREATE PROCEDURE nothing() LANGUAGE sql BEGIN ATOMIC END;
CREATE TABLE "Customers" (
  id serial PRIMARY KEY,
  mail email NOT NULL UNIQUE,
  home address,
  state status DEFAULT 'new',
  at timestamptz,
  double int GENERATED ALWAYS AS (id * 2) STORED,
  CONSTRAINT late CHECK (at > '2024-01-01 00:00:00+00')
);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY,
  customer int REFERENCES "Customers" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  day date NOT NULL
) PARTITION BY RANGE (day);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
CREATE INDEX orders_day ON orders (day, lower(id::text)) WHERE id > 0;
CREATE UNLOGGED TABLE child (extra jsonb) INHERITS ("Customers") WITH (fillfactor = 70);
CREATE TRIGGER touch BEFORE UPDATE ON "Customers" FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION touch();
ALTER TABLE "Customers" DISABLE TRIGGER touch;
CREATE TRIGGER row_touch AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE "Customers" ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON "Customers" FOR SELECT USING (id IN (SELECT customer FROM orders));
CREATE RULE keep AS ON DELETE TO child DO INSTEAD NOTHING;
CREATE VIEW days AS SELECT day, count(*) FROM orders JOIN "Customers" c ON c.id = customer GROUP BY day;
CREATE MATERIALIZED VIEW totals AS SELECT day FROM days WITH NO DATA;
CREATE STATISTICS both_of_them ON mail, state FROM "Customers";
ALTER TABLE orders_rest ADD CONSTRAINT unproved CHECK (customer > 0) NOT VALID;
CREATE PUBLICATION shop FOR TABLE ONLY "Customers";
