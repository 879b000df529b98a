-- safe: constrained-domain-column
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN remark note_text;
