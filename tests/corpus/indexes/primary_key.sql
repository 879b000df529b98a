-- dangerous: primary-key-blocks-reads
SET lock_timeout = '2s';
ALTER TABLE shipment_events ADD PRIMARY KEY (id);  -- finds: blocks-reads-during-work, breaks-running-writers
