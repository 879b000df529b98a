ALTER TABLE tasks VALIDATE CONSTRAINT tasks_estimate_positive;
