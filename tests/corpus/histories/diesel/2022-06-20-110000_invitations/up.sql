CREATE TABLE invitations (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  booking_id BIGINT NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
  email VARCHAR NOT NULL,
  accepted_at TIMESTAMPTZ
);

CREATE UNIQUE INDEX invitations_once ON invitations (booking_id, lower(email));
