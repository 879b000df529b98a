-- dangerous: drop-index-blocks-reads
SET lock_timeout = '2s';
BEGIN;
DROP INDEX shipments_carrier_idx;
CREATE INDEX shipments_carrier_idx ON shipments (carrier_id, sent_at);  -- finds: lock-held-across-statements, blocks-writes-during-work
COMMIT;
