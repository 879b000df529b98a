CREATE TABLE ${schema}.orders (id bigint, tags int[]);
CREATE INDEX ON ${schema}.orders (id);
