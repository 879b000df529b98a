-- dangerous: partition-of-busy-parent
CREATE TABLE readings_2027 PARTITION OF readings FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');  -- finds: waits-without-lock-timeout
