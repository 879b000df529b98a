-- dangerous: truncate-destroys
SET lock_timeout = '2s';
TRUNCATE TABLE coupons, coupon_uses CASCADE;  -- finds: destroys-data
