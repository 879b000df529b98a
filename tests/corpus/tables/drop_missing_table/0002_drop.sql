-- safe: gone-already
-- pgsluice: phase=contract needs-app=shop>=5.0
SET lock_timeout = '2s';
DROP TABLE coupons;
