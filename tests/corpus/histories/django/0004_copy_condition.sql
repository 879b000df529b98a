BEGIN;
--
-- Add field condition to copy
--
ALTER TABLE "library_copy" ADD COLUMN "condition" varchar(20) NULL;
COMMIT;
