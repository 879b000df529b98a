// SPDX-License-Identifier: Apache-2.0
// preview --catalog: a snapshot's schema made again is the same schema.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/read.hpp"
#include "execute/harness.hpp"
#include "preview/recreate.hpp"

namespace pgsluice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PreviewCatalog : public ::testing::TestWithParam<Server> {
 protected:
  static Snapshot snapshot_of(const Database& database) {
    return read_snapshot(*database.connect("reads", k_superuser), {.sizes = false});
  }
  /// As text, without what is another one's.
  static std::string text_of(Snapshot snapshot) {
    snapshot.taken_at.clear();
    snapshot.database = {};
    for (SnapshotRelation& relation : snapshot.relations) {
      relation.reltuples.reset();
      for (SnapshotIndex& index : relation.indexes) index.reltuples.reset();
    }
    return write_snapshot(std::move(snapshot));
  }
  std::vector<std::string> recreate_it() {
    return recreate(*again.connect("makes", k_superuser), snapshot_of(production));
  }

  Database production{GetParam(), "preview \"production\"", k_superuser};
  Database again{GetParam(), "preview again", k_superuser};
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewCatalog, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewCatalog);

TEST_P(PreviewCatalog, TheSchemaIsTheSame) {
  production.admin(R"(
    CREATE SCHEMA "S""x";
    CREATE TYPE mood AS ENUM ('sad', 'it''s \ ok');
    CREATE TYPE pair AS (a int, b text COLLATE "C");
    CREATE DOMAIN positive AS int DEFAULT 1 CHECK (VALUE > 0);
    CREATE TYPE span AS RANGE (SUBTYPE = date);
    CREATE SEQUENCE numbers AS smallint;
    CREATE TABLE "S""x"."Users" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Name" varchar(10) NOT NULL UNIQUE,
      mood mood DEFAULT 'sad', pair pair, positive positive, span span, n int DEFAULT nextval('numbers'),
      twice int GENERATED ALWAYS AS (n * 2) STORED, manager bigint REFERENCES "S""x"."Users", CHECK (n > 0)) WITH (fillfactor=70);
    CREATE TABLE orders (id serial PRIMARY KEY, owner bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), note text,
      UNIQUE (note) DEFERRABLE INITIALLY DEFERRED);
    ALTER TABLE orders ADD CONSTRAINT owned FOREIGN KEY (owner) REFERENCES "S""x"."Users" ON DELETE CASCADE NOT VALID;
    ALTER TABLE orders ADD CONSTRAINT noted CHECK (note <> '') NOT VALID;
    CREATE INDEX "Partial" ON orders USING btree (lower(note)) WHERE note IS NOT NULL;
    CREATE TABLE parent (a int NOT NULL, b text CHECK (b <> ''));
    CREATE TABLE child (c int) INHERITS (parent);
    ALTER TABLE child ALTER b SET NOT NULL;
    CREATE PUBLICATION nothing;
    CREATE PUBLICATION few FOR TABLE child, "S""x"."Users";
    CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate');
    CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, owner bigint REFERENCES "S""x"."Users", PRIMARY KEY (id, at))
      PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2030-01-01') PARTITION BY HASH (id);
    CREATE TABLE events_1_0 PARTITION OF events_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE TABLE events_rest PARTITION OF events DEFAULT;
    CREATE INDEX events_owner ON events (owner);
    ALTER TABLE events ADD CONSTRAINT positive_id CHECK (id > 0);
    CREATE FUNCTION total(mood) RETURNS bigint LANGUAGE sql STABLE SET search_path TO public, "S""x"
      AS $$ SELECT count(*) FROM "Users" WHERE mood = $1 $$;
    CREATE FUNCTION everybody() RETURNS SETOF "S""x"."Users" LANGUAGE sql AS $$ SELECT * FROM "S""x"."Users" $$;
    ALTER TABLE orders ALTER note SET DEFAULT total('sad')::text;
    CREATE PROCEDURE nothing() LANGUAGE plpgsql AS $body$ BEGIN END $body$;
    CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touched();
    CREATE TRIGGER touch AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touched();
    ALTER TABLE orders DISABLE TRIGGER touch;
    CREATE VIEW totals WITH (security_barrier=true) AS SELECT owner, count(*) AS many FROM orders GROUP BY owner;
    CREATE VIEW before_others AS SELECT many FROM totals;
    CREATE MATERIALIZED VIEW "Stored" AS SELECT * FROM before_others WITH NO DATA;
    CREATE UNIQUE INDEX stored_many ON "Stored" (many);
    CREATE RULE quiet AS ON DELETE TO parent DO INSTEAD NOTHING;
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON orders FOR SELECT USING (owner > 0);
    CREATE STATISTICS both_columns ON id, owner FROM orders;
    CREATE TABLE marked (id int PRIMARY KEY, note text NOT NULL UNIQUE);
    ALTER TABLE marked CLUSTER ON marked_pkey;
    ALTER TABLE marked REPLICA IDENTITY USING INDEX marked_note_key;
    ALTER TABLE marked ALTER note SET STORAGE EXTERNAL;
    ALTER TABLE orders REPLICA IDENTITY FULL;
    CREATE TRIGGER always BEFORE UPDATE ON marked FOR EACH ROW EXECUTE FUNCTION touched();
    ALTER TABLE marked ENABLE ALWAYS TRIGGER always;
    CREATE TRIGGER replica BEFORE UPDATE ON marked FOR EACH ROW EXECUTE FUNCTION touched();
    ALTER TABLE marked ENABLE REPLICA TRIGGER replica;
    ALTER TABLE ONLY events_rest DISABLE TRIGGER touch;
    CREATE RULE off AS ON UPDATE TO parent DO INSTEAD NOTHING;
    ALTER TABLE parent DISABLE RULE off;
    CREATE FOREIGN DATA WRAPPER "no handler";
    CREATE SERVER "Elsewhere" FOREIGN DATA WRAPPER "no handler" OPTIONS (host 'production');
    CREATE FOREIGN TABLE distant (id int NOT NULL DEFAULT 1, b text, CHECK (id > 0)) SERVER "Elsewhere";
    CREATE FOREIGN TABLE distant_child (c int) INHERITS (parent) SERVER "Elsewhere";
    CREATE VIEW of_distant AS SELECT id FROM distant;
    CREATE SEQUENCE below AS smallint INCREMENT -2 MINVALUE -100 START -50 CACHE 5 CYCLE;
    CREATE SEQUENCE between MINVALUE 10 MAXVALUE 20;
    CREATE TABLE numbered (id int GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "its own" START 1000 INCREMENT 10),
      again serial);
    ALTER SEQUENCE numbered_again_seq MINVALUE -5;
    CREATE TYPE narrow AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
    CREATE TYPE texts AS RANGE (SUBTYPE = text, COLLATION = "C", SUBTYPE_OPCLASS = text_pattern_ops);)");
  if (GetParam().major >= 14) {
    production.admin(R"(
      CREATE TYPE pair_range AS RANGE (SUBTYPE = int);
      CREATE TYPE spans AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = "S""x".many_spans);
      CREATE TABLE of_many (spans "S""x".many_spans, pairs pair_multirange);)");
  }
  if (GetParam().major >= 15) {
    production.admin(R"(
      CREATE PUBLICATION filtered FOR TABLE child, marked (id, note) WHERE (id > 5)
        WITH (publish_via_partition_root = true);)");
  }
  EXPECT_THAT(recreate_it(), IsEmpty());
  EXPECT_EQ(text_of(snapshot_of(again)), text_of(snapshot_of(production)));
}

/// The snapshot knows their names only.
TEST_P(PreviewCatalog, AnotherCollationStandsIn) {
  production.admin(R"(
    CREATE SCHEMA "S x";
    CREATE COLLATION "S x"."a""b.c" (provider = libc, locale = 'C');
    CREATE COLLATION german (provider = libc, locale = 'C');
    CREATE TABLE t (id int, name text COLLATE "S x"."a""b.c", note text COLLATE "C");
    CREATE INDEX i ON t (name, note COLLATE german);
    CREATE VIEW v AS SELECT name FROM t ORDER BY note COLLATE german;)");
  EXPECT_THAT(recreate_it(),
              ElementsAre(R"(collation "S x"."a""b.c": one that sorts as "C" does stands in for it)",
                          HasSubstr("collation public.german: ")));
  EXPECT_EQ(text_of(snapshot_of(again)), text_of(snapshot_of(production)));
}

/// Policies name them; those of the cluster are there.
TEST_P(PreviewCatalog, RolesThatAreThereAreNotMissing) {
  production.admin(R"(
    CREATE TABLE t (id int);
    CREATE POLICY own ON t TO postgres, pg_monitor USING (true);)");
  EXPECT_THAT(recreate_it(), IsEmpty());
  EXPECT_EQ(text_of(snapshot_of(again)), text_of(snapshot_of(production)));
}

TEST_P(PreviewCatalog, WhatCannotBeMadeIsNamed) {
  production.admin(R"(
    CREATE TABLE t (id int);
    CREATE SCHEMA pgsluice;
    CREATE TABLE pgsluice.meta (id int);
    CREATE FUNCTION fires() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
    CREATE EVENT TRIGGER fires ON ddl_command_end EXECUTE FUNCTION fires();)");
  // Whoever has made a type has made its casts: an extension, a range; only the function of one's own is not known.
  production.admin(R"(
    CREATE EXTENSION hstore;
    CREATE TYPE span AS RANGE (subtype = int);
    CREATE TYPE pair AS (a int, b int);
    CREATE FUNCTION to_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).a::text $$;
    CREATE CAST (pair AS text) WITH FUNCTION to_text(pair);)");
  again.admin("CREATE TABLE t (other int)");
  EXPECT_THAT(recreate_it(),
              ElementsAre(HasSubstr("event trigger fires: is disabled here"),
                          HasSubstr("table public.t: relation \"t\" already exists"),
                          HasSubstr("cast (public.pair AS text): the snapshot does not have its function")));
  EXPECT_EQ(again.admin("SELECT evtenabled FROM pg_event_trigger WHERE evtname = 'fires'"), "D");
  EXPECT_EQ(again.admin("SELECT to_regnamespace('pgsluice') IS NULL"), "t")
      << "the ledger is another database's";
}

}  // namespace
}  // namespace pgsluice::test
