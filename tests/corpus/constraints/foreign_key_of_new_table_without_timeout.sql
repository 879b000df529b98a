-- dangerous: foreign-key-locks-other-table
CREATE TABLE refunds (id bigint PRIMARY KEY, payment_id bigint NOT NULL REFERENCES payments (id));  -- finds: waits-without-lock-timeout
