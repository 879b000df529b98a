-- safe: type-change-rewrites
SET lock_timeout = '2s';
CREATE TABLE invoices (id integer PRIMARY KEY, number varchar(10), total numeric(10, 2));
