-- safe: code-in-text
INSERT INTO notes (id, body) VALUES (7, 'DROP TABLE products; -- just a text');
