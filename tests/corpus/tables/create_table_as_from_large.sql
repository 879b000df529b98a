-- dangerous: table-copied-under-lock
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE coupons ADD COLUMN archived boolean;
CREATE TABLE coupons_copy AS SELECT * FROM coupons;  -- finds: lock-held-across-statements
COMMIT;
