-- pgsluice: batch key=id size=20
UPDATE items SET n = n + 1 WHERE pg_sleep(0.0003) IS NOT NULL;
