-- dangerous: exception-expired
SET lock_timeout = '2s';
-- finds below: unused-allow
-- pgsluice: allow blocks-writes-during-work because "it was once needed"
ALTER TABLE products ADD COLUMN note text;
