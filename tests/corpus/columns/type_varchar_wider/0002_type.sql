-- safe: type-change-rewrites
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN number TYPE varchar(20);
ALTER TABLE invoices ALTER COLUMN total TYPE numeric(14, 2);
