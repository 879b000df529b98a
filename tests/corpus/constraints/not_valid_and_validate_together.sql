-- dangerous: validate-in-same-transaction
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
BEGIN;
ALTER TABLE payments ADD CONSTRAINT payments_positive CHECK (amount > 0) NOT VALID;
ALTER TABLE payments VALIDATE CONSTRAINT payments_positive;  -- finds: lock-held-across-statements
COMMIT;
