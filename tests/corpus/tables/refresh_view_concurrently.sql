-- safe: refresh-blocks-reads
SET lock_timeout = '2s';
REFRESH MATERIALIZED VIEW CONCURRENTLY coupon_totals;
