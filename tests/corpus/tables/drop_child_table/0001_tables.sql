-- safe: drop-table-locks-parent
SET lock_timeout = '2s';
CREATE TABLE carts (id bigint PRIMARY KEY);
CREATE TABLE cart_items (id bigint PRIMARY KEY, cart_id bigint REFERENCES carts (id));
