-- pgsluice: fase=contract
SELECT 1;
