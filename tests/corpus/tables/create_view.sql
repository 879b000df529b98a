-- safe: harmless-alter
SET lock_timeout = '2s';
CREATE VIEW live_coupons AS SELECT id, code FROM coupons WHERE expires_at > now();
