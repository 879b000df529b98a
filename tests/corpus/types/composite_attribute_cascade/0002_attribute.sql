-- dangerous: typed-table-locked
ALTER TYPE address ADD ATTRIBUTE country text CASCADE;  -- finds: waits-without-lock-timeout
