-- dangerous: code-in-do
SET lock_timeout = '2s';
DO $$ DECLARE t text; BEGIN  -- finds: blocks-reads-during-work, breaks-running-writers
  FOREACH t IN ARRAY ARRAY['products', 'stock'] LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN updated_at SET NOT NULL', t);
  END LOOP;
END $$;
