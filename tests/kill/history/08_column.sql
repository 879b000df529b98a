ALTER TABLE items ADD COLUMN extra text;
ALTER TABLE items ADD CONSTRAINT items_positive CHECK (n > 0) NOT VALID;
SELECT pg_sleep(0.02);
INSERT INTO log VALUES ('column');
