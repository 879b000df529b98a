-- dangerous: change-without-where
UPDATE products SET price = round(price, 2);  -- finds: unbatched-dml error
