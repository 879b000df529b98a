ALTER TABLE "orders" ADD "currency" character varying DEFAULT 'EUR' NOT NULL;
ALTER TABLE "line_items" ADD "unit_price_cents" integer;
