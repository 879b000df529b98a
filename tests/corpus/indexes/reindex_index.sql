-- dangerous: reindex-blocks-writes
SET lock_timeout = '2s';
REINDEX INDEX shipments_pkey;  -- finds: blocks-reads-during-work
