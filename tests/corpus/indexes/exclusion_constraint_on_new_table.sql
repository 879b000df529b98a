-- safe: exclusion-constraint-blocks-reads
SET lock_timeout = '2s';
CREATE TABLE dock_bookings (dock int4range, during tstzrange,
  CONSTRAINT dock_bookings_apart EXCLUDE USING gist (dock WITH &&, during WITH &&));
