ALTER TABLE "customers" ADD "phone" character varying;
ALTER TABLE "customers" ADD "newsletter" boolean DEFAULT FALSE NOT NULL;
