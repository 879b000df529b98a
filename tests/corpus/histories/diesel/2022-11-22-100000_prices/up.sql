CREATE TABLE prices (
  id SERIAL PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES rooms (id),
  cents_per_hour INTEGER NOT NULL,
  valid_from DATE NOT NULL
);
CREATE UNIQUE INDEX prices_room_from ON prices (room_id, valid_from);
INSERT INTO prices (room_id, cents_per_hour, valid_from) SELECT id, 2500, DATE '2023-01-01' FROM rooms WHERE id = 1;
