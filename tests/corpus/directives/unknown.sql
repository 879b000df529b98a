-- dangerous: exception-too-wide
-- finds below: unknown-directive
-- pgsluice: fase=contract
SELECT 1;
