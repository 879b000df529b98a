-- safe: harmless-alter
SET lock_timeout = '2s';
ALTER TABLE coupons ALTER COLUMN code SET STATISTICS 500;
COMMENT ON TABLE coupons IS 'what customers type in';
ALTER INDEX coupons_pkey RENAME TO coupons_key;
