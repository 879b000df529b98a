SET lock_timeout = '2s';
CREATE TABLE customers (id bigint PRIMARY KEY, email text);
