--liquibase formatted sql
--property name:schema value:app

--changeset ada:1 labels:"one, two" context:prod
--comment: the first table
CREATE TABLE users (id bigint PRIMARY KEY, name text);
--rollback DROP TABLE users;

--changeset ada:2 runInTransaction:false
CREATE INDEX CONCURRENTLY users_name ON users (name);
CREATE INDEX CONCURRENTLY users_id_name ON users (id, name);
--rollback DROP INDEX users_name;

--changeset "Ada L":three dbms:mysql
ALTER TABLE users ENGINE = InnoDB;

--changeset ada:4 endDelimiter:// stripComments:false
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := upper(NEW.name);
  RETURN NEW;
END;
$$
//
CREATE TABLE teams (id bigint PRIMARY KEY)
//

--changeset ada:5 runInTransaction:false splitStatements:false
CREATE INDEX CONCURRENTLY one_message ON users (id);
CREATE INDEX CONCURRENTLY two_in_it ON users (name);

--changeset ada:6
CREATE TABLE ${schema}.orders (id bigint PRIMARY KEY);
ALTER TABLE ${other}.orders ADD COLUMN total numeric;
/* liquibase rollback
DROP TABLE orders;
*/

--changeset ada:7
--ignoreLines:start
SELECT 'not', 'run';
--ignoreLines:end
CREATE INDEX CONCURRENTLY in_transaction ON users (id);
