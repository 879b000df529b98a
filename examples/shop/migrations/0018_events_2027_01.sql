-- pgsluice: transaction=off
-- 2026-11-16  January's partition; copy this file for the next month. CREATE TABLE … PARTITION OF would lock events
-- and its default partition against everybody, and read the default partition under that lock. Instead:

-- 1. The month as a table of its own, with the indexes of events and with its bounds as a CHECK: nothing is left to
--    build or to read when it is attached.
CREATE TABLE events_2027_01 (
  LIKE events INCLUDING DEFAULTS INCLUDING INDEXES,
  CONSTRAINT events_2027_01_bounds
    CHECK (occurred_at >= '2027-01-01 00:00+00' AND occurred_at < '2027-02-01 00:00+00')
);

-- 2. The proof, made beside the running application, that the default partition holds no row of that month.
ALTER TABLE events_default ADD CONSTRAINT events_default_not_2027_01
  CHECK (occurred_at < '2027-01-01 00:00+00' OR occurred_at >= '2027-02-01 00:00+00') NOT VALID;
ALTER TABLE events_default VALIDATE CONSTRAINT events_default_not_2027_01;

-- 3. A moment for both tables and no scan.
ALTER TABLE events ATTACH PARTITION events_2027_01
  FOR VALUES FROM ('2027-01-01 00:00+00') TO ('2027-02-01 00:00+00');

ALTER TABLE events_default DROP CONSTRAINT events_default_not_2027_01;
