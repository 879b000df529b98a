-- dangerous: identity-column
SET lock_timeout = '2s';
ALTER TABLE invoice_lines ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;  -- finds: blocks-reads-during-work
