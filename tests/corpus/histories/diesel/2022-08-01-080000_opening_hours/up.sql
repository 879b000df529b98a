CREATE TABLE opening_hours (
  room_id INTEGER NOT NULL REFERENCES rooms (id),
  weekday SMALLINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),
  opens TIME NOT NULL,
  closes TIME NOT NULL,
  PRIMARY KEY (room_id, weekday)
);

INSERT INTO opening_hours (room_id, weekday, opens, closes)
SELECT id, 1, TIME '08:00', TIME '18:00' FROM rooms WHERE id = 1;
