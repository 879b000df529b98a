-- dangerous: code-in-do
SET lock_timeout = '2s';
DO $$ BEGIN  -- finds: blocks-writes-during-work
  IF NOT EXISTS (SELECT FROM pg_indexes WHERE indexname = 'products_name_idx') THEN
    CREATE INDEX products_name_idx ON products (name);
  END IF;
END $$;
