-- dangerous: exception-too-wide
SET lock_timeout = '2s';
-- finds below: unknown-directive
-- pgsluice: allow blocks-writes-during-wrok because "forty rows"
CREATE INDEX products_name_idx ON products (name);  -- finds: blocks-writes-during-work
