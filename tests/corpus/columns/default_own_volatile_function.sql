-- dangerous: volatile-default
SET lock_timeout = '2s';
CREATE FUNCTION invoice_code() RETURNS text LANGUAGE sql AS $$ SELECT 'INV-' || nextval('invoice_codes') $$;
ALTER TABLE invoices ADD COLUMN code text DEFAULT invoice_code();  -- finds: blocks-reads-during-work
