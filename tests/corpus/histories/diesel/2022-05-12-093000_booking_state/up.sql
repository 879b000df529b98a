CREATE TYPE booking_state AS ENUM ('requested', 'confirmed', 'cancelled');
ALTER TABLE bookings ADD COLUMN state booking_state NOT NULL DEFAULT 'requested';
COMMENT ON COLUMN bookings.state IS 'who may come in';
