-- safe: enum-value-used-too-early
SET lock_timeout = '2s';
BEGIN;
CREATE TYPE mood AS ENUM ('fine');
ALTER TYPE mood ADD VALUE 'sad';
CREATE TABLE moods (id bigint PRIMARY KEY, mood mood DEFAULT 'sad');
COMMIT;
