-- safe: stored-generated-column
-- pg: 18
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) VIRTUAL;
