-- dangerous: code-in-do
SET lock_timeout = '2s';
DO $$ BEGIN  -- finds: blocks-reads-during-work, breaks-running-writers
  ALTER TABLE products ALTER COLUMN name SET NOT NULL;
END $$;
