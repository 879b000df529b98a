BEGIN;
--
-- Add field email to reader
--
ALTER TABLE "library_reader" ADD COLUMN "email" varchar(254) NULL;
--
-- Alter field name on reader
--
ALTER TABLE "library_reader" ALTER COLUMN "name" TYPE varchar(200);
COMMIT;
