-- pgsluice: lock-timeout=1s
SELECT * FROM t;
