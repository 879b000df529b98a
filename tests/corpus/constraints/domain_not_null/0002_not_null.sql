-- dangerous: domain-constraint-scans-tables
SET lock_timeout = '2s';
ALTER DOMAIN iban SET NOT NULL;  -- finds: blocks-writes-during-work, breaks-running-writers
