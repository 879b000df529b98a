CREATE TABLE opening_hours (
  room_id INTEGER NOT NULL REFERENCES rooms (id),
  weekday SMALLINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),
  opens TIME NOT NULL,
  closes TIME NOT NULL,
  PRIMARY KEY (room_id, weekday)
);

INSERT INTO opening_hours (room_id, weekday, opens, closes)
VALUES (1, 0, '08:00', '18:00'), (1, 1, '08:00', '18:00'), (1, 2, '08:00', '18:00');
