--
-- Concurrently create index order_note on field(s) note of model order
--
CREATE INDEX CONCURRENTLY "order_note" ON "shop_order" ("note");
--
-- Add field total to order
--
ALTER TABLE "shop_order" ADD COLUMN "total" numeric(10, 2) NULL;
