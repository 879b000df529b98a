-- dangerous: index-blocks-writes
SET lock_timeout = '2s';
CREATE INDEX shipments_carrier_idx ON shipments (carrier_id);  -- finds: blocks-writes-during-work
