-- dangerous: statement-not-analysed
SET lock_timeout = '2s';
ALTER TABEL products ADD COLUMN note text;  -- finds: syntax-error
CREATE INDEX products_name_idx ON products (name);  -- finds: blocks-writes-during-work
