SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE orders ALTER COLUM note SET NOT NULL;
ALTER TABLE orders ADD COLUMN "größe" text;
COMMENT ON TABLE orders IS 'all orders';
