-- safe: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN sent boolean NOT NULL DEFAULT false;
