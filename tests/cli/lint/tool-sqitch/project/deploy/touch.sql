-- Deploy shop:touch to pg
CREATE OR REPLACE FUNCTION touch() RETURNS int LANGUAGE sql AS $$ SELECT 2 $$;
