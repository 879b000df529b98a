-- dangerous: change-without-where
DELETE FROM sessions;  -- finds: unbatched-dml error, destroys-data
