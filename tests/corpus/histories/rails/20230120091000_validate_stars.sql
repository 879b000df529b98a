ALTER TABLE "reviews" VALIDATE CONSTRAINT "stars_in_range";
