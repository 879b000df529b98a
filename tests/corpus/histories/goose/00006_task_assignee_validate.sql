ALTER TABLE tasks VALIDATE CONSTRAINT tasks_assignee_fkey;
