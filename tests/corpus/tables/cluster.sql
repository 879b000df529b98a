-- dangerous: table-rewrite
SET lock_timeout = '2s';
CLUSTER coupons USING coupons_pkey;  -- finds: blocks-reads-during-work
