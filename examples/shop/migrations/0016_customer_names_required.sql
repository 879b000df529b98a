-- pgsluice: transaction=off
-- 2026-05-19  Both names are there, in old rows through 0015 and in new ones through the trigger of 0014: say so, in
-- steps that read the table only while the application goes on (0013 explains them).
ALTER TABLE customers ADD CONSTRAINT customers_names_present
  CHECK (first_name IS NOT NULL AND last_name IS NOT NULL) NOT VALID;
ALTER TABLE customers VALIDATE CONSTRAINT customers_names_present;
ALTER TABLE customers
  ALTER COLUMN first_name SET NOT NULL,
  ALTER COLUMN last_name SET NOT NULL;
ALTER TABLE customers DROP CONSTRAINT customers_names_present;
