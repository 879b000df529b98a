// SPDX-License-Identifier: Apache-2.0
// preview --rows: tables of every sort get rows, which their constraints and foreign keys hold against.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "preview/rows.hpp"

namespace pgsluice::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PreviewRows : public ::testing::TestWithParam<Server> {
 protected:
  Filled fill_with(long long rows, std::vector<std::string> tables) {
    const auto session = database.connect("fills", k_superuser);
    return fill(*session, {.rows = [rows](const std::string&) { return rows; }, .tables = std::move(tables)});
  }
  std::string count(const std::string& table) { return database.admin("SELECT count(*) FROM " + table); }
  /// How many rows of a table refer to nothing that is there.
  std::string dangling() {
    return database.admin(R"(
      DO $$ DECLARE k record; BEGIN
        FOR k IN SELECT oid, conrelid::regclass::text AS child, conname, pg_get_constraintdef(oid) AS definition
                 FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 LOOP
          EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.child, 'again' || k.oid, k.definition);
        END LOOP;
      END $$; SELECT 'none')");
  }

  Database database{GetParam(), "preview \"rows\"", k_superuser};
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewRows, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewRows);

TEST_P(PreviewRows, EveryTypeHasValues) {
  database.admin(R"(
    CREATE TYPE mood AS ENUM ('sad', 'Ok', 'it''s');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN code AS text NOT NULL CHECK (length(VALUE) = 3) CHECK (VALUE = upper(VALUE));
    CREATE TABLE types (
      c1 smallint NOT NULL, c2 int NOT NULL, c3 bigint NOT NULL, c4 numeric NOT NULL, c5 numeric(5, 2) NOT NULL,
      c6 real NOT NULL, c7 double precision NOT NULL, c8 money NOT NULL, c9 text NOT NULL, c10 varchar(3) NOT NULL,
      c11 char(2) NOT NULL, c12 "char" NOT NULL, c13 name NOT NULL, c14 bool NOT NULL, c15 date NOT NULL,
      c16 time NOT NULL, c17 timetz NOT NULL, c18 timestamp(0) NOT NULL, c19 timestamptz NOT NULL,
      c20 interval NOT NULL, c21 uuid NOT NULL, c22 json NOT NULL, c23 jsonb NOT NULL, c24 bytea NOT NULL,
      c25 inet NOT NULL, c26 cidr NOT NULL, c27 macaddr NOT NULL, c28 macaddr8 NOT NULL, c29 int[] NOT NULL,
      c30 varchar(4)[] NOT NULL, c31 mood NOT NULL, c32 mood[] NOT NULL, c33 pair NOT NULL, c34 positive NOT NULL,
      c35 code, c36 int4range NOT NULL, c37 tstzrange NOT NULL, c38 numrange NOT NULL, c39 daterange NOT NULL,
      c40 bit(5) NOT NULL, c41 varbit NOT NULL, c42 bit varying(3) NOT NULL, c44 point NOT NULL,
      c45 line NOT NULL, c46 lseg NOT NULL, c47 box NOT NULL, c48 path NOT NULL, c49 polygon NOT NULL,
      c50 circle NOT NULL, c51 tsvector NOT NULL, c52 tsquery NOT NULL, c53 pg_lsn NOT NULL, c54 oid NOT NULL,
      c55 regclass NOT NULL, c56 jsonpath NOT NULL, c57 positive[] NOT NULL, c58 int[][] NOT NULL);)");
  const Filled filled = fill_with(500, {});
  EXPECT_THAT(filled.notes, IsEmpty());
  EXPECT_EQ(count("types"), "500");
}

TEST_P(PreviewRows, KeysAndForeignKeysHold) {
  database.admin(R"(
    CREATE TABLE "Ten""ant" ("Id" serial PRIMARY KEY, name varchar(10) NOT NULL UNIQUE);
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant int NOT NULL REFERENCES "Ten""ant",
      email text NOT NULL, manager bigint REFERENCES users, flag bool NOT NULL DEFAULT false, UNIQUE (tenant, id),
      twice int GENERATED ALWAYS AS (tenant * 2) STORED);
    CREATE TABLE orders (id uuid PRIMARY KEY, tenant int NOT NULL, owner bigint NOT NULL, parent uuid NOT NULL,
      FOREIGN KEY (tenant, owner) REFERENCES users (tenant, id), FOREIGN KEY (tenant) REFERENCES "Ten""ant",
      FOREIGN KEY (parent) REFERENCES orders);
    CREATE TABLE colour (name text PRIMARY KEY CHECK (name IN ('red', 'green', 'blue')));
    CREATE TABLE likes (who int REFERENCES "Ten""ant", colour text REFERENCES colour, PRIMARY KEY (colour, who));
    CREATE TABLE grid (x smallint CHECK (x BETWEEN 1 AND 30), y smallint CHECK (y BETWEEN 1 AND 30), PRIMARY KEY (x, y));
    CREATE TABLE "a" (id int PRIMARY KEY, b int);
    CREATE TABLE "b" (id int PRIMARY KEY, a int NOT NULL REFERENCES "a");
    ALTER TABLE "a" ADD FOREIGN KEY (b) REFERENCES "b";
    CREATE TABLE late (id int PRIMARY KEY, u text, UNIQUE (u) DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE defaults (id serial, at timestamptz DEFAULT now());
    CREATE TABLE nothing ();)");
  const Filled filled = fill_with(300, {});
  EXPECT_THAT(filled.notes, ::testing::ElementsAre(HasSubstr("public.colour has 3 of 300 rows")));
  for (const std::string table : {"\"Ten\"\"ant\"", "users", "orders", "likes", "grid", "\"a\"", "\"b\"",
                                  "late", "defaults", "nothing"})
    EXPECT_EQ(count(table), "300") << table;
  EXPECT_EQ(dangling(), "none");
  EXPECT_EQ(database.admin("SELECT count(manager) > 200 FROM users"), "t");
  EXPECT_EQ(database.admin("SELECT count(DISTINCT owner) > 200 FROM orders"), "t");
  EXPECT_EQ(database.admin("INSERT INTO users (tenant, email) SELECT \"Id\", 'x' FROM \"Ten\"\"ant\" LIMIT 1;"
                           "SELECT count(*) FROM users"),
            "301");
}

TEST_P(PreviewRows, ChecksAndPartitionsDecideWhatComes) {
  database.admin(R"(
    CREATE TABLE rooms (id serial PRIMARY KEY, stars int NOT NULL CHECK (stars BETWEEN 1 AND 5),
      open timestamptz NOT NULL DEFAULT now(), closed timestamptz NOT NULL, CHECK (closed > open),
      zip text NOT NULL CHECK (zip ~ '^[0-9]{5}$'), price numeric(8, 2) CHECK (price > 0 AND price < 100),
      status text CHECK (status = ANY (ARRAY['new', 'don''t'])));
    CREATE TABLE arcs (id serial PRIMARY KEY, one int REFERENCES rooms, other int REFERENCES rooms,
      CHECK ((one IS NULL) <> (other IS NULL)));
    CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, room int REFERENCES rooms, PRIMARY KEY (id, at))
      PARTITION BY RANGE (at);
    CREATE TABLE "events_Old" PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2010-01-01');
    CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01') PARTITION BY LIST (id);
    CREATE TABLE events_new_1 PARTITION OF events_new FOR VALUES IN (7);
    CREATE TABLE events_new_rest PARTITION OF events_new DEFAULT;
    CREATE TABLE lists (country text) PARTITION BY LIST (country);
    CREATE TABLE lists_ch PARTITION OF lists FOR VALUES IN ('ch', 'li');
    CREATE TABLE hashes (id int PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE hashes_0 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE hashes_1 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE bare (id int) PARTITION BY RANGE (id);
    CREATE TABLE never (id int NOT NULL CHECK (id > 0 AND id < 0));
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
    CREATE TRIGGER refuses BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION refuse();)");
  const Filled filled = fill_with(200, {});
  for (const std::string table : {"rooms", "arcs", "lists", "hashes"})
    EXPECT_EQ(count(table), "200") << table;
  EXPECT_EQ(database.admin("SELECT count(*) > 100 FROM events"), "t") << join(filled.notes, "\n");
  EXPECT_EQ(database.admin("SELECT count(*) > 0 FROM \"events_Old\""), "t");
  EXPECT_EQ(count("bare"), "0");
  EXPECT_THAT(filled.notes, Contains(HasSubstr("public.bare stays empty: ")));
  EXPECT_THAT(filled.notes,
              Contains(HasSubstr(
                  "public.never stays empty: no value was found for id (integer) that its checks allow")));
  EXPECT_EQ(dangling(), "none");
}

TEST_P(PreviewRows, FillsWhatIsNamedAndWhatThatRefersTo) {
  database.admin(R"(
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent) PARTITION BY RANGE (id);
    CREATE TABLE child_0 PARTITION OF child FOR VALUES FROM (0) TO (1000);
    CREATE TABLE other (id int PRIMARY KEY);
    INSERT INTO parent SELECT generate_series(1, 10);)");
  const Filled filled = fill_with(50, {"public.child_0"});
  EXPECT_EQ(count("child_0"), "50") << join(filled.notes, "\n");
  EXPECT_EQ(count("parent"), "50");
  EXPECT_EQ(count("other"), "0");
  EXPECT_EQ(database.admin("SELECT reltuples::int FROM pg_class WHERE relname = 'parent'"), "50");
}

}  // namespace
}  // namespace pgsluice::test
