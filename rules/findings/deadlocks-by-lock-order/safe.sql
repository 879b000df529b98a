-- Another folder of migrations locks invoices after customers: see other.sql
SET lock_timeout = '2s';
ALTER TABLE customers ADD COLUMN cart_id bigint;
ALTER TABLE invoices ADD COLUMN cart_id bigint;
