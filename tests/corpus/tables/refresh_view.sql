-- dangerous: refresh-blocks-reads
SET lock_timeout = '2s';
REFRESH MATERIALIZED VIEW coupon_totals;  -- finds: blocks-reads-during-work
