-- dangerous: drop-foreign-key-locks-parent
ALTER TABLE payments DROP CONSTRAINT payments_invoice_fkey;  -- finds: waits-without-lock-timeout
