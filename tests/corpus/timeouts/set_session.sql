-- safe: no-lock-timeout
SET SESSION lock_timeout = '2s';
ALTER TABLE products ADD COLUMN note text;
