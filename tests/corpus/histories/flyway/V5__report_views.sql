CREATE VIEW fleet.trip_per_driver AS
SELECT driver_id, count(*) AS trips, sum(distance_km) AS distance_km FROM fleet.trip GROUP BY driver_id;
CREATE VIEW fleet.idle_vehicle AS
SELECT v.vehicle_id, v.plate FROM fleet.vehicle v
WHERE NOT EXISTS (SELECT 1 FROM fleet.trip t WHERE t.vehicle_id = v.vehicle_id AND t.ended_at IS NULL);
GRANT USAGE ON SCHEMA fleet TO reporting;
GRANT SELECT ON fleet.trip_per_driver, fleet.idle_vehicle TO reporting;
