-- dangerous: rename-breaks
SET lock_timeout = '2s';
ALTER TABLE invoices RENAME COLUMN remark TO note;  -- finds: breaks-running-readers
