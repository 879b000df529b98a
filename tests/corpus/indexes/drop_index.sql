-- dangerous: drop-index-blocks-reads
SET lock_timeout = '0';
DROP INDEX shipments_carrier_idx;  -- finds: waits-without-lock-timeout
