-- dangerous: exists-already
SET lock_timeout = '2s';
CREATE TABLE coupons (id bigint PRIMARY KEY, code text, percent int);  -- finds: fails-when-run
