SET lock_timeout = '2s';
TRUNCATE carts;
