-- dangerous: vacuum-in-transaction
SET lock_timeout = '2s';
BEGIN;
VACUUM coupons;  -- finds: forbidden-in-transaction
COMMIT;
