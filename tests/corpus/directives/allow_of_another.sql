-- dangerous: exception-too-wide
SET lock_timeout = '2s';
-- pgsluice: allow blocks-writes-during-work because "forty rows"
CREATE INDEX colours_name_idx ON colours (name);
CREATE INDEX products_name_idx ON products (name);  -- finds: blocks-writes-during-work, lock-held-across-statements
