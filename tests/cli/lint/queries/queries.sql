SELECT id, name FROM products WHERE id = $1;
SELECT v.* FROM vouchers AS v;
SELECT count(*) FROM cheap;
INSERT INTO products (id, name) VALUES ($1, $2);
