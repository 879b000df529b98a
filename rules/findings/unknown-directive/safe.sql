-- pgsluice: phase=contract
SELECT 1;
