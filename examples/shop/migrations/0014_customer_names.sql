-- 2026-05-11  Letters that begin "Dear Ada Lovelace" sound like a machine: customers.name is split in two.
-- Expand (this file), backfill (0015), require (0016), contract (0017).
ALTER TABLE customers
  ADD COLUMN first_name text,
  ADD COLUMN last_name text;

-- Whoever writes the old column fills the new ones, and the other way round.
CREATE FUNCTION customers_sync_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.first_name IS NULL
     OR TG_OP = 'UPDATE' AND NEW.name IS DISTINCT FROM OLD.name THEN
    NEW.first_name := split_part(NEW.name, ' ', 1);
    NEW.last_name := ltrim(substr(NEW.name, length(NEW.first_name) + 1));
  ELSIF TG_OP = 'INSERT'
     OR OLD.first_name IS NOT NULL AND (NEW.first_name, NEW.last_name) IS DISTINCT FROM (OLD.first_name, OLD.last_name) THEN
    NEW.last_name := coalesce(NEW.last_name, '');
    NEW.name := rtrim(NEW.first_name || ' ' || NEW.last_name);
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER customers_sync_names
  BEFORE INSERT OR UPDATE ON customers
  FOR EACH ROW EXECUTE FUNCTION customers_sync_names();
