-- safe: constrained-domain-column
SET lock_timeout = '2s';
CREATE DOMAIN percentage AS numeric CHECK (VALUE BETWEEN 0 AND 100);
