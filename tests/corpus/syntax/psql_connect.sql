-- dangerous: psql-only
-- finds below: psql-meta-command
\connect shop
SELECT 1;
