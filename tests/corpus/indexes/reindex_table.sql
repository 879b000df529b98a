-- dangerous: reindex-blocks-writes
SET lock_timeout = '2s';
REINDEX TABLE shipments;  -- finds: blocks-writes-during-work
