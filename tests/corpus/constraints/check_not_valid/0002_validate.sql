-- safe: check-scans
SET lock_timeout = '2s';
ALTER TABLE payments VALIDATE CONSTRAINT payments_positive;
