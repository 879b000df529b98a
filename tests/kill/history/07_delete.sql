-- pgsluice: batch key=id size=20
DELETE FROM items WHERE id % 3 = 0 AND pg_sleep(0.0003) IS NOT NULL;
INSERT INTO log VALUES ('behind a backfill');
