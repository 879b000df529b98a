-- dangerous: trigger-blocks-writes
ALTER TABLE coupons DISABLE TRIGGER ALL;  -- finds: waits-without-lock-timeout
