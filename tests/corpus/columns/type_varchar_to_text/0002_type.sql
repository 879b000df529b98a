-- safe: type-change-rewrites
SET lock_timeout = '2s';
ALTER TABLE invoices ALTER COLUMN number TYPE text;
