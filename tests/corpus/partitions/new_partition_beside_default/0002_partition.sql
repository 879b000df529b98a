-- dangerous: partition-of-busy-parent
SET lock_timeout = '2s';
CREATE TABLE readings_2027 PARTITION OF readings FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');  -- finds: blocks-reads-during-work
