CREATE TABLE "coupons" ("id" bigserial primary key, "code" character varying NOT NULL, "percent" integer NOT NULL, "expires_at" timestamp(6));
CREATE UNIQUE INDEX "index_coupons_on_code" ON "coupons" ("code");
ALTER TABLE "orders" ADD "coupon_id" bigint;
