-- dangerous: set-local-without-effect
SET LOCAL statement_timeout = '5s';  -- finds: set-local-without-effect
BEGIN;
GRANT SELECT ON products TO reporting;
COMMIT;
