ALTER TABLE "products" ADD "description" text;
