-- safe: harmless-alter
SET lock_timeout = '2s';
ALTER TABLE coupons SET (fillfactor = 80);
