-- safe: type-narrower
SET lock_timeout = '2s';
CREATE TABLE invoices (id integer PRIMARY KEY, number varchar(40));
