-- 2025-06-16  Refunds. The label is usable from the next transaction on, so nothing here uses it.
ALTER TYPE payment_status ADD VALUE 'refunded' AFTER 'captured';

ALTER TABLE payments ADD COLUMN refunded_at timestamptz;
