-- dangerous: domain-constraint-scans-tables
SET lock_timeout = '2s';
ALTER DOMAIN iban ADD CONSTRAINT iban_long CHECK (length(VALUE) > 14);  -- finds: blocks-writes-during-work, breaks-running-writers
