-- safe: type-change-rechecks
SET lock_timeout = '2s';
CREATE TABLE invoices (id integer PRIMARY KEY, number varchar(10) CHECK (number <> ''));
