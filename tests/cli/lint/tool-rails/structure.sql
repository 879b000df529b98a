SET statement_timeout = 0;
SET lock_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);
CREATE TABLE public.users (
    id bigint NOT NULL,
    name character varying
);
CREATE INDEX index_users_on_name ON public.users USING btree (name);

SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20240102000000'),
('20240101000000');
