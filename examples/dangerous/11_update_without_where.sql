-- "Prices go up by three percent on Monday."
-- What happens: every product's row stays locked until the last one is written. Run twice after a timeout, it is six percent.
UPDATE products SET price_cents = round(price_cents * 1.03);
