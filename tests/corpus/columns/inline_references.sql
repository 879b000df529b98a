-- dangerous: inline-constraint
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN approver_id bigint DEFAULT 1 REFERENCES employees (id);  -- finds: blocks-reads-during-work, blocks-writes-during-work
