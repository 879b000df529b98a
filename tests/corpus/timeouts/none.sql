-- dangerous: no-lock-timeout
ALTER TABLE products ADD COLUMN note text;  -- finds: waits-without-lock-timeout
