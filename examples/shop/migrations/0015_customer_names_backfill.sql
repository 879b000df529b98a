-- pgsluice: phase=backfill
-- 2026-05-12  Splits the names from before the trigger. A name of one word has an empty last name, not none.

-- pgsluice: batch key=id size=1000
UPDATE customers
SET first_name = split_part(name, ' ', 1),
    last_name = ltrim(substr(name, length(split_part(name, ' ', 1)) + 1))
WHERE first_name IS NULL;
