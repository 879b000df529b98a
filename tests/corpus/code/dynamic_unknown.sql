-- dangerous: code-unknown
DO $$ BEGIN EXECUTE current_setting('app.migration'); END $$;  -- finds: unmodeled-statement
