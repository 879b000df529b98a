-- safe: primary-key-on-nullable-column
SET lock_timeout = '2s';
CREATE TABLE shipment_events (id bigint NOT NULL, happened_at timestamptz);
