-- pgsluice: allow unmodeled-statement because "it only reads"
SELECT 1;
