CREATE TABLE jobs (command text);
DO $$
DECLARE job record;
BEGIN
  FOR job IN SELECT command FROM jobs LOOP
    EXECUTE job.command;
  END LOOP;
END $$;
