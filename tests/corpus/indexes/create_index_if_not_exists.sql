-- dangerous: index-blocks-writes
SET lock_timeout = '2s';
CREATE INDEX IF NOT EXISTS shipments_weight_idx ON shipments (weight);  -- finds: blocks-writes-during-work
