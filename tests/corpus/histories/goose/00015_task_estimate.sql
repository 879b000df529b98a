ALTER TABLE tasks ADD COLUMN estimate interval;
ALTER TABLE tasks ADD CONSTRAINT tasks_estimate_positive CHECK (estimate > interval '0') NOT VALID;
