-- dangerous: primary-key-on-nullable-column
SET lock_timeout = '2s';
ALTER TABLE shipment_events ADD PRIMARY KEY USING INDEX shipment_events_pkey;  -- finds: blocks-reads-during-work, breaks-running-writers
