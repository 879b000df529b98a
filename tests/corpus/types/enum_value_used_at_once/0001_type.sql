-- safe: enum-value-used-too-early
SET lock_timeout = '2s';
CREATE TYPE parcel_state AS ENUM ('new', 'sent');
CREATE TABLE parcels (id bigint PRIMARY KEY, state parcel_state NOT NULL DEFAULT 'new');
