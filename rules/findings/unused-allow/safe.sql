-- pgsluice: allow unmodeled-statement because "it only reads"
DO $$ BEGIN PERFORM 1; END $$;
