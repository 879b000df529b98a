-- "CONCURRENTLY it is, then. And a transaction, to be safe."
-- What happens: PostgreSQL refuses (25001), in the middle of the deployment.
BEGIN;
CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status);
COMMIT;
