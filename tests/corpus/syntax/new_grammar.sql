-- safe: statement-not-analysed
-- pg: 18
SET lock_timeout = '2s';
CREATE TABLE stays (room int4range, during tstzrange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
