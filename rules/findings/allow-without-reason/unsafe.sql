-- pgsluice: allow unmodeled-statement
SELECT 1;
