CREATE TABLE feedback (
  booking_id BIGINT PRIMARY KEY REFERENCES bookings (id) ON DELETE CASCADE,
  stars SMALLINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
  words TEXT
);
CREATE VIEW room_stars AS
  SELECT b.room_id, avg(f.stars) AS stars FROM feedback f JOIN bookings b ON b.id = f.booking_id GROUP BY b.room_id;
GRANT SELECT ON room_stars TO reporting;
COMMENT ON TABLE feedback IS 'one for each booking';
COMMENT ON VIEW room_stars IS 'for the front page';
GRANT SELECT ON member_names TO reporting;
