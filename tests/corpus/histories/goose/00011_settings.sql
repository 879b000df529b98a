CREATE TABLE settings (key text PRIMARY KEY, value jsonb NOT NULL);
INSERT INTO settings VALUES ('signup', '{"open": true}'), ('limits', '{"projects": 5}');
