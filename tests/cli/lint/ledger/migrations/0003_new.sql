SET lock_timeout = '2s';
CREATE INDEX customers_email ON customers (email);
