SET LOCAL statement_timeout = '5s';
BEGIN;
GRANT SELECT ON orders TO reporting;
COMMIT;
