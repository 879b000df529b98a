-- safe: accepted-danger
SET lock_timeout = '2s';
-- pgsluice: allow blocks-writes-during-work because "forty rows"
CREATE INDEX colours_name_idx ON colours (name);
