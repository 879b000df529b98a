SET lock_timeout = '2s';
-- pgsluice: allow breaks-running-readers because "nobody uses it"
DROP TABLE t;
