-- Written by `pgsluice init argocd`. Once, by a superuser, when the role is there:
--   kubectl cnpg psql ${cluster} -n ${namespace} -- ${database} < grants.sql
-- What the role that migrates makes from now on, the application may use, and CloudNativePG's exporter may read the ledger
-- (the guard may without it: the hook grants that, PGSLUICE_GUARD_ROLE). What the role itself lacks: pgsluice doctor --grants --role ${role}
ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT USAGE ON SCHEMAS TO ${owner}, pg_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT SELECT ON TABLES TO ${owner}, pg_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE ${role} IN SCHEMA public GRANT ALL ON TABLES TO ${owner};
ALTER DEFAULT PRIVILEGES FOR ROLE ${role} IN SCHEMA public GRANT ALL ON SEQUENCES TO ${owner};
