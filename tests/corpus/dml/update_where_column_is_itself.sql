-- dangerous: change-without-where
UPDATE products SET active = false WHERE id = id;  -- finds: unbatched-dml error
