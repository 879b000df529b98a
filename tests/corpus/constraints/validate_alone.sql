-- safe: validate-with-stronger-command
SET lock_timeout = '2s';
ALTER TABLE payments VALIDATE CONSTRAINT payments_positive, VALIDATE CONSTRAINT payments_invoice_fkey;
