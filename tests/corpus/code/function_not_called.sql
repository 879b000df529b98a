-- safe: code-in-function
SET lock_timeout = '2s';
CREATE FUNCTION add_note() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  ALTER TABLE products ADD COLUMN note_id uuid DEFAULT gen_random_uuid();
END $$;
