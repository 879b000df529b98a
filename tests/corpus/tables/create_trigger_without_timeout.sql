-- dangerous: trigger-blocks-writes
CREATE TRIGGER coupons_sync BEFORE INSERT OR UPDATE ON coupons FOR EACH ROW EXECUTE FUNCTION coupon_sync();  -- finds: waits-without-lock-timeout
