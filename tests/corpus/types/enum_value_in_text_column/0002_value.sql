-- safe: enum-value-used-too-early
BEGIN;
ALTER TYPE parcel_state ADD VALUE 'lost';
INSERT INTO parcel_labels VALUES ('lost', 'nobody knows');
COMMIT;
