-- dangerous: table-rewrite
-- pg: 15
SET lock_timeout = '2s';
ALTER TABLE coupons SET ACCESS METHOD columnar;  -- finds: blocks-reads-during-work
