-- safe: typed-table-locked
SET lock_timeout = '2s';
CREATE TYPE address AS (street text, city text);
CREATE TABLE addresses OF address;
