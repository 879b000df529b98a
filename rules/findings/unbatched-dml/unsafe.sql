UPDATE products SET price_cents = round(price_cents * 1.03);
