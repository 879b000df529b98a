-- dangerous: drop-table-breaks
SET lock_timeout = '2s';
DROP TABLE coupons;  -- finds: breaks-running-readers
