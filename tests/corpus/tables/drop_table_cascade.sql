-- dangerous: drop-table-breaks
SET lock_timeout = '2s';
DROP TABLE IF EXISTS coupons CASCADE;  -- finds: breaks-running-readers
