SET lock_timeout = '2s';
ALTER TABLE t ADD CONSTRAINT t_key UNIQUE (a);
