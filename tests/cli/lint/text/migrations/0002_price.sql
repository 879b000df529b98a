ALTER TABLE products
	ADD COLUMN code uuid DEFAULT gen_random_uuid(),
	ADD CONSTRAINT products_title_present CHECK (title <> '');
/* 価格 */ CREATE INDEX products_code_idx ON products (code);
