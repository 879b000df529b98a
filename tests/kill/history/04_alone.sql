-- pgsluice: transaction=off
INSERT INTO log SELECT 'alone' FROM pg_sleep(0.01);
CREATE UNIQUE INDEX CONCURRENTLY items_n ON items (n, id);
REINDEX INDEX CONCURRENTLY items_note;
INSERT INTO log SELECT 'alone again' FROM pg_sleep(0.01);
DROP INDEX CONCURRENTLY items_n;
