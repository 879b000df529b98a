-- safe: index-belongs-to-constraint
SET lock_timeout = '2s';
CREATE TABLE carriers (id bigint PRIMARY KEY, code text CONSTRAINT carriers_code_key UNIQUE);
