-- safe: drop-foreign-key-locks-parent
SET lock_timeout = '2s';
CREATE TABLE invoices (id bigint PRIMARY KEY);
CREATE TABLE payments (id bigint PRIMARY KEY, invoice_id bigint CONSTRAINT payments_invoice_fkey REFERENCES invoices (id));
