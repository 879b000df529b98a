-- safe: domain-constraint-scans-tables
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER DOMAIN iban ADD CONSTRAINT iban_long CHECK (length(VALUE) > 14) NOT VALID;
