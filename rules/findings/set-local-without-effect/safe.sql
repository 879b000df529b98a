BEGIN;
SET LOCAL statement_timeout = '5s';
GRANT SELECT ON orders TO reporting;
COMMIT;
