-- safe: domain-constraint-scans-tables
SET lock_timeout = '2s';
CREATE DOMAIN iban AS text;
CREATE TABLE accounts (id bigint PRIMARY KEY, number iban);
