-- safe: check-scans
-- pg: 18
SET lock_timeout = '2s';
ALTER TABLE payments ADD CONSTRAINT payments_positive CHECK (amount > 0) NOT ENFORCED;
