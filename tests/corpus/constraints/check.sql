-- dangerous: check-scans
SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT payments_positive CHECK (amount > 0);  -- finds: blocks-reads-during-work
