-- safe: vacuum-in-transaction
-- pgsluice: transaction=off
SET lock_timeout = '2s';
VACUUM ANALYZE coupons;
