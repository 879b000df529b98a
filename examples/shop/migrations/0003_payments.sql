-- 2025-01-13  Card payments. The billing worker writes these rows from the provider's messages, which may come
-- before the order itself is committed, so order_id has no foreign key yet (see 0006).
CREATE TYPE payment_status AS ENUM ('pending', 'authorised', 'captured', 'failed');

CREATE TABLE payments (
  id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id           bigint NOT NULL,
  amount_cents       integer NOT NULL CHECK (amount_cents > 0),
  status             payment_status NOT NULL DEFAULT 'pending',
  provider_reference text,
  created_at         timestamptz NOT NULL DEFAULT now()
);
