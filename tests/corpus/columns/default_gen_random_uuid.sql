-- dangerous: volatile-default
SET lock_timeout = '2s';
ALTER TABLE invoices ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();  -- finds: blocks-reads-during-work
