-- safe: primary-key-on-nullable-column
SET lock_timeout = '2s';
ALTER TABLE shipment_events ADD CONSTRAINT shipment_events_pkey PRIMARY KEY USING INDEX shipment_events_pkey;
