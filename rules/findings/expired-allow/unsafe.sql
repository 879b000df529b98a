-- pgsluice: allow syntax-error until=2020-02-29 because "the old tool wrote it"
SELECT 1;
