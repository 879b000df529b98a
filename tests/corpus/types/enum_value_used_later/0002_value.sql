-- safe: enum-value-used-too-early
ALTER TYPE parcel_state ADD VALUE 'lost';
