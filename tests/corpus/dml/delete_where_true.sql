-- dangerous: change-without-where
DELETE FROM sessions WHERE true;  -- finds: unbatched-dml error, destroys-data
