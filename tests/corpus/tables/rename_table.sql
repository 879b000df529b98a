-- dangerous: rename-breaks
SET lock_timeout = '2s';
ALTER TABLE coupons RENAME TO vouchers;  -- finds: breaks-running-readers
