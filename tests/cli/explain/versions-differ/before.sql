CREATE TABLE kinds (kind int PRIMARY KEY);
CREATE TABLE events (year int PRIMARY KEY, kind int REFERENCES kinds) PARTITION BY RANGE (year);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE notes (event int REFERENCES events);
