-- safe: reindex-blocks-writes
-- pgsluice: transaction=off
SET lock_timeout = '2s';
REINDEX TABLE CONCURRENTLY shipments;
