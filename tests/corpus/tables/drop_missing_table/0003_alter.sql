-- dangerous: gone-already
SET lock_timeout = '2s';
ALTER TABLE coupons ADD COLUMN percent int;  -- finds: fails-when-run
