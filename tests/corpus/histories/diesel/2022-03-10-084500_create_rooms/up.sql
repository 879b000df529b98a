CREATE TABLE rooms (
  id SERIAL PRIMARY KEY,
  title VARCHAR NOT NULL,
  seats INTEGER NOT NULL CHECK (seats > 0)
);

CREATE TABLE bookings (
  id BIGSERIAL PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES rooms (id),
  member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE,
  starts_at TIMESTAMPTZ NOT NULL,
  ends_at TIMESTAMPTZ NOT NULL,
  CHECK (ends_at > starts_at)
);

CREATE INDEX bookings_room_idx ON bookings (room_id, starts_at);
CREATE INDEX bookings_member_idx ON bookings (member_id);
