SET lock_timeout = '2s';
DO 'BEGIN EXECUTE job(); END';
ALTER TABLE t ADD COLUMN c int;
