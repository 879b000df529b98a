-- dangerous: exception-expired
SET lock_timeout = '2s';
-- finds below: expired-allow
-- pgsluice: allow blocks-writes-during-work until=2020-01-31 because "until the table grows"
CREATE INDEX products_name_idx ON products (name);  -- finds: blocks-writes-during-work
