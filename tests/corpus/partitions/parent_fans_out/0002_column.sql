-- dangerous: partition-fan-out
SET lock_timeout = '2s';
ALTER TABLE readings ADD COLUMN batch uuid DEFAULT gen_random_uuid();  -- finds: blocks-reads-during-work
