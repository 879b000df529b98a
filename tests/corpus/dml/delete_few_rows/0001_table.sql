-- safe: unbatched-backfill
CREATE TABLE settings (key text PRIMARY KEY, value text);
