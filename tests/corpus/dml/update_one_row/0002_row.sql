-- safe: unbatched-backfill
UPDATE settings SET value = 'on' WHERE key = 'checkout.v2';
