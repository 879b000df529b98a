-- dangerous: validate-with-stronger-command
SET lock_timeout = '2s';
ALTER TABLE payments ADD COLUMN remark text, VALIDATE CONSTRAINT payments_positive;  -- finds: blocks-reads-during-work
