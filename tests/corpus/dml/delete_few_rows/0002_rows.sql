-- safe: unbatched-backfill
DELETE FROM settings WHERE key IN ('checkout.v1', 'checkout.v0');
