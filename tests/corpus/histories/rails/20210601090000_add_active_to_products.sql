ALTER TABLE "products" ADD "active" boolean DEFAULT TRUE NOT NULL;
