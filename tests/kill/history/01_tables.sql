CREATE TABLE items (id bigint PRIMARY KEY, n int NOT NULL, note text);
CREATE TABLE copies (id bigint, n int);
CREATE TABLE log (what text NOT NULL);
INSERT INTO items SELECT i, i, 'note ' || i FROM generate_series(1, 600) i;
SELECT pg_sleep(0.03);
INSERT INTO log VALUES ('tables');
