-- safe: foreign-key-locks-other-table
SET lock_timeout = '2s';
CREATE TABLE refunds (id bigint PRIMARY KEY, payment_id bigint NOT NULL REFERENCES payments (id));
