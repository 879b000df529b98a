-- Deploy shop:touch to pg
CREATE FUNCTION touch() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
