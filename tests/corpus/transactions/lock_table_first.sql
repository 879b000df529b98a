-- safe: lock-upgrade-deadlock
SET lock_timeout = '2s';
BEGIN;
LOCK TABLE settings IN ACCESS EXCLUSIVE MODE;
INSERT INTO settings (key, value) VALUES ('writes', 'off');
ALTER TABLE settings ADD COLUMN note text;
COMMIT;
