-- Written by `pgsluice init argocd`. Once, by a superuser, when the role is there:
--   kubectl cnpg psql shop-db -n shop -- "shop" < grants.sql
-- What the role that migrates makes from now on, the application may use, and CloudNativePG's exporter may read the ledger
-- (the guard may without it: the hook grants that, PGSLUICE_GUARD_ROLE). What the role itself lacks: pgsluice doctor --grants --role shop_migrator
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator GRANT USAGE ON SCHEMAS TO "shop", pg_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator GRANT SELECT ON TABLES TO "shop", pg_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public GRANT ALL ON TABLES TO "shop";
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public GRANT ALL ON SEQUENCES TO "shop";
