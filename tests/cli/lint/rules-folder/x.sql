SET lock_timeout = '2s';
DO 'BEGIN END';
ALTER TABLE t ADD COLUMN c int;
