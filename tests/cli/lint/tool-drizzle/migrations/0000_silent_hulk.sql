CREATE TABLE "users" ("id" serial PRIMARY KEY NOT NULL, "name" text)
--> statement-breakpoint
CREATE TABLE "posts" ("id" serial PRIMARY KEY NOT NULL, "author" integer);--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_author_fk" FOREIGN KEY ("author") REFERENCES "users"("id");
