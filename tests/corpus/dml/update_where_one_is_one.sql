-- dangerous: change-without-where
UPDATE products SET active = false WHERE 1 = 1;  -- finds: unbatched-dml error
