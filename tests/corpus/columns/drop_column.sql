-- dangerous: drop-column-breaks
SET lock_timeout = '2s';
ALTER TABLE invoices DROP COLUMN remark;  -- finds: breaks-running-readers
