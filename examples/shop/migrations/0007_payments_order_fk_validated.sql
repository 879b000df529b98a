-- 2025-04-09  The second half of 0006: reads every payment, while the application goes on reading and writing.
ALTER TABLE payments VALIDATE CONSTRAINT payments_order_id_fkey;
