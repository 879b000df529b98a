-- pgsluice: phase=contract
-- pgsluice: transaction=off
-- pgsluice: needs-app=shop>=1.9.0 soak=24h
-- 2026-02-10  Every running release reads and writes payments.amount only. Each statement stands alone, so that no
-- lock is held while the next one works.

-- A CHECK that is added unproven and then validated beside the application lets SET NOT NULL skip its own scan, which
-- would run under a lock that nobody can read under.
ALTER TABLE payments ADD CONSTRAINT payments_amount_present CHECK (amount IS NOT NULL) NOT VALID;
ALTER TABLE payments VALIDATE CONSTRAINT payments_amount_present;
ALTER TABLE payments ALTER COLUMN amount SET NOT NULL;
ALTER TABLE payments DROP CONSTRAINT payments_amount_present;

DROP TRIGGER payments_sync_amount ON payments;
DROP FUNCTION payments_sync_amount();
ALTER TABLE payments DROP COLUMN amount_cents;
