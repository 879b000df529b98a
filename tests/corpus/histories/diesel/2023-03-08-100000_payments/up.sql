CREATE TABLE payments (
  id BIGSERIAL PRIMARY KEY,
  booking_id BIGINT NOT NULL REFERENCES bookings (id),
  cents INTEGER NOT NULL,
  paid_at TIMESTAMPTZ
);
CREATE INDEX payments_booking_idx ON payments (booking_id);
CREATE INDEX payments_open_idx ON payments (booking_id) WHERE paid_at IS NULL;
