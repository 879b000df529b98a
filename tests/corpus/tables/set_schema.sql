-- dangerous: rename-breaks
SET lock_timeout = '2s';
ALTER TABLE coupons SET SCHEMA marketing;  -- finds: breaks-running-readers
