-- "It is only one nullable column."
-- What happens: the command waits for the nightly report's transaction, and every query on orders waits behind the
-- command. The shop is down until the report is done, for a change that takes a millisecond.
BEGIN;
SET LOCAL lock_timeout = 0;
ALTER TABLE orders ADD COLUMN gift_note text;
COMMIT;
