-- pgsluice: phase=backfill
-- 2026-02-03  Fills payments.amount for the rows from before the trigger.

-- pgsluice: batch key=id size=1000
UPDATE payments SET amount = amount_cents WHERE amount IS NULL;
