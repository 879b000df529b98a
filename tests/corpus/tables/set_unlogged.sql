-- dangerous: table-rewrite
SET lock_timeout = '2s';
ALTER TABLE coupons SET UNLOGGED;  -- finds: blocks-reads-during-work
