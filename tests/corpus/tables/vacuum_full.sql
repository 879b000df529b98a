-- dangerous: table-rewrite
-- pgsluice: transaction=off
SET lock_timeout = '2s';
VACUUM FULL coupons;  -- finds: blocks-reads-during-work
