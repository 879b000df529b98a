-- safe: volatile-default
SET lock_timeout = '2s';
CREATE FUNCTION currency_of_house() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'EUR' $$;
ALTER TABLE invoices ADD COLUMN currency text DEFAULT currency_of_house();
