-- dangerous: exception-without-reason
SET lock_timeout = '2s';
-- finds below: allow-without-reason
-- pgsluice: allow blocks-writes-during-work
CREATE INDEX colours_name_idx ON colours (name);  -- finds: blocks-writes-during-work
