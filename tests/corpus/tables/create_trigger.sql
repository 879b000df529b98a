-- safe: trigger-blocks-writes
SET lock_timeout = '2s';
CREATE FUNCTION coupon_sync() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code_upper := upper(NEW.code); RETURN NEW; END $$;
CREATE TRIGGER coupons_sync BEFORE INSERT OR UPDATE ON coupons FOR EACH ROW EXECUTE FUNCTION coupon_sync();
