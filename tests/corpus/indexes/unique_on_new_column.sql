-- dangerous: unique-constraint-blocks-reads
SET lock_timeout = '2s';
ALTER TABLE shipments ADD COLUMN label_code text UNIQUE;  -- finds: blocks-reads-during-work
