CREATE TABLE "webhooks" ("id" bigserial primary key, "shop_id" bigint NOT NULL, "url" character varying NOT NULL, "topics" character varying[] DEFAULT '{}' NOT NULL, CONSTRAINT "fk_rails_8cd1c9f2f5"
FOREIGN KEY ("shop_id")
  REFERENCES "shops" ("id")
);
CREATE INDEX "index_webhooks_on_shop_id" ON "webhooks" ("shop_id");
