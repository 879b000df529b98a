-- dangerous: drop-table-breaks
SET lock_timeout = '2s';
DROP VIEW live_coupons;  -- finds: breaks-running-readers
