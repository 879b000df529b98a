-- pgsluice: transaction=off
CREATE INDEX CONCURRENTLY tasks_assignee ON tasks (assignee_id);
