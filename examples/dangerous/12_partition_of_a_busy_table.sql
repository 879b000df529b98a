-- "It is the end of the month, create the next partition."
-- What happens: ACCESS EXCLUSIVE on events and on its default partition, which is read from end to
-- end under that lock, to prove that it holds no row of February. The shop's migration 0018 does it
-- without.
CREATE TABLE events_2027_02 PARTITION OF events
  FOR VALUES FROM ('2027-02-01 00:00+00') TO ('2027-03-01 00:00+00');
