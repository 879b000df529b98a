-- safe: detach-blocks-reads
-- pgsluice: transaction=off phase=contract needs-app=meter>=3.1
SET lock_timeout = '2s';
ALTER TABLE readings DETACH PARTITION readings_2019 CONCURRENTLY;
