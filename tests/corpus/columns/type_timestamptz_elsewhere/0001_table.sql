-- safe: type-change-rewrites
SET lock_timeout = '2s';
CREATE TABLE invoices (id integer PRIMARY KEY, issued timestamp);
