-- safe: constrained-domain-column
SET lock_timeout = '2s';
CREATE DOMAIN note_text AS text;
