-- dangerous: truncate-destroys
SET lock_timeout = '2s';
TRUNCATE coupons;  -- finds: destroys-data
