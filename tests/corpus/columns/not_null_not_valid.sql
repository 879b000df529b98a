-- safe: set-not-null-scans
-- pg: 18
-- pgsluice: phase=contract needs-app=billing>=2.0
SET lock_timeout = '2s';
ALTER TABLE invoices ADD CONSTRAINT invoices_total_there NOT NULL total NOT VALID;
