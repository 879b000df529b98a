-- dangerous: table-rewrite
SET lock_timeout = '2s';
ALTER TABLE coupons SET TABLESPACE slow_disk;  -- finds: blocks-reads-during-work
