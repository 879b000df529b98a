-- "The provider has sent a reference with every payment for a year."
-- What happens: all payments are read under ACCESS EXCLUSIVE to prove it. From then on a release that still writes
-- payments without one fails.
ALTER TABLE payments ALTER COLUMN provider_reference SET NOT NULL;
