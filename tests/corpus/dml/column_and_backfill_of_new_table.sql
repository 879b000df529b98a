-- safe: backfill-beside-ddl
SET lock_timeout = '2s';
BEGIN;
CREATE TABLE colours (id bigint PRIMARY KEY, name text);
INSERT INTO colours VALUES (1, 'red'), (2, 'blue');
UPDATE colours SET name = upper(name);
COMMIT;
