CREATE TABLE jobs (command text);
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['first', 'second'] LOOP
    EXECUTE format('INSERT INTO jobs VALUES (%L)', name);
  END LOOP;
END $$;
