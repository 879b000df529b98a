-- dangerous: serial-column
SET lock_timeout = '2s';
ALTER TABLE invoice_lines ADD COLUMN id bigserial;  -- finds: blocks-reads-during-work
