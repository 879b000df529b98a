-- safe: code-in-do
DO $$ BEGIN
  IF (SELECT count(*) FROM schema_notes) > 1000 THEN RAISE EXCEPTION 'too many'; END IF;
END $$;
