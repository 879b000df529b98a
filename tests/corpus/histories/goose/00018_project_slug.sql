ALTER TABLE projects ADD COLUMN slug text;
ALTER TABLE projects ALTER COLUMN name SET DEFAULT 'untitled';
