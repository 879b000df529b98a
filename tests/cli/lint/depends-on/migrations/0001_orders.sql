-- pgsluice: depends-on=0002_cents.sql
CREATE TABLE orders (id bigint, total int);
