ALTER TABLE items VALIDATE CONSTRAINT items_positive;
INSERT INTO log SELECT 'validated' FROM pg_sleep(0.02);
