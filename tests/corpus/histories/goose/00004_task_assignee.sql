ALTER TABLE tasks ADD COLUMN assignee_id bigint;
ALTER TABLE tasks ADD COLUMN priority smallint NOT NULL DEFAULT 0;
