-- pgsluice: batch key=id size=20
INSERT INTO copies (id, n) SELECT id, n FROM items WHERE pg_sleep(0.0003) IS NOT NULL;
