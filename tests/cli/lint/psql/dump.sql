\connect shop
\set ON_ERROR_STOP on
SET lock_timeout = 0;
CREATE TABLE t (a int, b text);
COPY t (a, b) FROM stdin;
1	one; two
2	\N
\.
CREATE INDEX i ON t (a);
