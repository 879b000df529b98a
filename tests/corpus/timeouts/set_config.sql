-- safe: set-config
SELECT set_config('lock_timeout', '2s', false);
ALTER TABLE products ADD COLUMN note text;
