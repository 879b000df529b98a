-- dangerous: index-blocks-writes
SET lock_timeout = '2s';
CREATE UNIQUE INDEX shipments_tracking_key ON shipments (tracking_code);  -- finds: blocks-writes-during-work
