ALTER TABLE "orders" ADD CONSTRAINT "fk_rails_b33ed6c672" FOREIGN KEY ("coupon_id") REFERENCES "coupons" ("id") NOT VALID;
