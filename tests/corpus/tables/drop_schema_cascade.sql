-- dangerous: drop-table-breaks
SET lock_timeout = '2s';
DROP SCHEMA legacy CASCADE;  -- finds: breaks-running-readers
