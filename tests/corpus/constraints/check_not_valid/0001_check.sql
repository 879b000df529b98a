-- safe: check-scans
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT payments_positive CHECK (amount > 0) NOT VALID;
