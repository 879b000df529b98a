-- 2026-02-02  A wholesale order passed 21,474,836.47 and its payment failed: amount_cents is an integer. Changing its
-- type would rewrite the table while nobody can even read it, so a wider column takes its place in three steps:
-- this one (expand), 0012 (backfill) and 0013 (contract).
ALTER TABLE payments ADD COLUMN amount bigint;

-- Releases from before and after run side by side for a day, each writing the column that it knows.
CREATE FUNCTION payments_sync_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.amount := coalesce(NEW.amount, NEW.amount_cents);
    NEW.amount_cents := NEW.amount;   -- too large is still refused, until 0013
  ELSIF NEW.amount_cents <> OLD.amount_cents THEN
    NEW.amount := NEW.amount_cents;
  ELSIF NEW.amount <> OLD.amount THEN
    NEW.amount_cents := NEW.amount;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payments_sync_amount
  BEFORE INSERT OR UPDATE ON payments
  FOR EACH ROW EXECUTE FUNCTION payments_sync_amount();
