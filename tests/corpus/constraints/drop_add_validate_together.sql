-- dangerous: validate-in-same-transaction
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE payments DROP CONSTRAINT payments_status_check;
ALTER TABLE payments ADD CONSTRAINT payments_status_check CHECK (status IN ('new', 'paid')) NOT VALID;
ALTER TABLE payments VALIDATE CONSTRAINT payments_status_check;  -- finds: lock-held-across-statements
COMMIT;
