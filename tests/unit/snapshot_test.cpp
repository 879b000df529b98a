// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "catalog/dependencies.hpp"
#include "catalog/read.hpp"
#include "fake_session.hpp"
#include "pgsluice/error.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using test::FakeServer;
using test::FakeSession;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// One of everything, under a name that needs quotes.
constexpr const char* k_everything = R"json({
  "schema": 1,
  "tool": {"name":"pgsluice","version":"0.1.0"},
  "taken_at": "2026-11-22T10:00:00Z",
  "database": {"name":"shop","server_version_num":160004,"system_identifier":"7","timezone":"UTC","search_path":"\"$user\", App","schemas":["App"],"default_tablespace":"fast","default_access_method":"heap"},
  "schemas": [
    {"name":"App","owner":"o"}
  ],
  "extensions": [
    {"name":"citext","version":"1.6","schema":"App"}
  ],
  "types": [
    {
      "schema": "App",
      "name": "a_second",
      "typtype": "d",
      "base": "\"App\".email",
      "constraints": [
        {"name":"c","contype":"c","definition":"CHECK ((VALUE IS NOT NULL)) NOT VALID","validated":false}
      ]
    },
    {"schema":"App","name":"citext","typtype":"b","extension":"citext"},
    {"schema":"App","name":"email","typtype":"d","owner":"o","base":"text","not_null":true,"default":"'x@y'::text"},
    {"schema":"App","name":"status","typtype":"e","labels":["new","it's"]}
  ],
  "casts": [
    {"source":"\"App\".citext","target":"text","castmethod":"b","castcontext":"a"}
  ],
  "functions": [
    {"schema":"App","name":"f","arguments":"a integer, b text DEFAULT 'x'::text","result":"integer","language":"sql","provolatile":"i","config":["search_path=\"App\", \"\""],"source":" SELECT $body$1$body$ "},
    {"schema":"App","name":"p","prokind":"p","language":"sql","sql_body":"BEGIN ATOMIC\n SELECT 1;\nEND"},
    {"schema":"App","name":"t","result":"trigger","language":"plpgsql","security_definer":true,"source":"BEGIN RETURN NEW; END"}
  ],
  "servers": [
    {"name":"Far","wrapper":"W","owner":"o"}
  ],
  "relations": [
    {
      "schema": "App",
      "name": "Orders",
      "relkind": "p",
      "owner": "o",
      "tablespace": "slow",
      "reloptions": ["x=1"],
      "row_security": true,
      "reltuples": 1000,
      "partition_key": "RANGE (id)",
      "columns": [
        {"name":"id","type":"bigint","not_null":true,"attidentity":"a"},
        {"name":"Total","type":"numeric(10,2)","default":"0"},
        {"name":"tax","type":"numeric","default":"(\"Total\" * 0.2)","attgenerated":"s","attstorage":"e"},
        {"name":"c","type":"\"App\".citext","collation":"pg_catalog.\"C\"","local":false},
        {"name":"s","type":"\"App\".status[]"}
      ],
      "constraints": [
        {"name":"Orders_pkey","contype":"p","definition":"PRIMARY KEY (id)","index":"Orders_pkey"},
        {"name":"fk","contype":"f","definition":"FOREIGN KEY (id) REFERENCES \"App\".parent(id) NOT VALID","validated":false,"deferrable":true,"deferred":true},
        {"name":"positive","contype":"c","definition":"CHECK ((\"Total\" >= (0)::numeric))","no_inherit":true,"local":false,"inherited":1}
      ],
      "indexes": [
        {"name":"Orders_pkey","definition":"CREATE UNIQUE INDEX \"Orders_pkey\" ON ONLY \"App\".\"Orders\" USING btree (id)","constraint":"Orders_pkey"},
        {"name":"by_total","definition":"CREATE INDEX by_total ON ONLY \"App\".\"Orders\" USING btree (\"Total\") WHERE (\"Total\" > (0)::numeric)","valid":false,"ready":false,"clustered":true,"replica_identity":true,"tablespace":"slow"}
      ],
      "triggers": [
        {"name":"tr","definition":"CREATE TRIGGER tr AFTER INSERT ON \"App\".\"Orders\" FOR EACH ROW EXECUTE FUNCTION \"App\".t()","tgenabled":"D"}
      ],
      "policies": [
        {"name":"mine","polcmd":"r","permissive":false,"roles":["o"],"using":"(EXISTS ( SELECT 1\n   FROM \"App\".parent))"}
      ],
      "rules": [
        {"name":"r","definition":"CREATE RULE r AS\n    ON DELETE TO \"App\".\"Orders\" DO INSTEAD NOTHING;"}
      ]
    },
    {"schema":"App","name":"Orders_id_seq","relkind":"S","sequence_type":"bigint","owner_table":"\"App\".\"Orders\"","owner_column":"id"},
    {
      "schema": "App",
      "name": "first",
      "relkind": "r",
      "relpersistence": "u",
      "access_method": "heap2",
      "bytes": 8192,
      "total_bytes": 16384,
      "partition_bound": "FOR VALUES FROM ('0') TO ('10')",
      "parents": ["\"App\".\"Orders\""],
      "columns": [
        {"name":"id","type":"bigint","not_null":true}
      ],
      "indexes": [
        {"name":"first_pkey","definition":"CREATE UNIQUE INDEX first_pkey ON \"App\".first USING btree (id)","parent":"\"App\".\"Orders_pkey\"","reltuples":10,"bytes":8192}
      ]
    },
    {
      "schema": "App",
      "name": "m",
      "relkind": "m",
      "populated": false,
      "reads": [
        {"relation":"\"App\".\"Orders\"","columns":["Total","id"]},
        {"relation":"\"App\".parent"}
      ]
    },
    {"schema":"App","name":"parent","relkind":"r"}
  ],
  "statistics": [
    {"schema":"App","name":"st","table":"\"App\".\"Orders\"","definition":"CREATE STATISTICS \"App\".st (ndistinct) ON id, \"Total\" FROM \"App\".\"Orders\"","owner":"o"}
  ],
  "publications": [
    {"name":"pub","tables":["\"App\".\"Orders\""]}
  ],
  "event_triggers": [
    {"name":"ev","event":"ddl_command_end","function":"\"App\".e","tags":["DROP TABLE"]}
  ]
}
)json";

std::string error_of(const std::string& text) {
  try {
    parse_snapshot(text, "db.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "no error";
}

TEST(Snapshot, IsWrittenAsItWasRead) {
  EXPECT_EQ(write_snapshot(parse_snapshot(k_everything, "db.json")), k_everything);
}

TEST(Snapshot, FitsItsSchema) {
  EXPECT_THAT(test::validate("schema/snapshot.schema.json", Json::parse(k_everything)), IsEmpty());
}

TEST(Snapshot, ErrorsNameFileAndPointer) {
  EXPECT_EQ(error_of(R"({"schema": 1, "database": {"name": "d", "server_version_num": 160004},
                         "relations": [{"schema": "s", "name": "n", "relkind": "r", "colums": []}]})"),
            R"(db.json#/relations/0/colums: unknown key "colums")");
  EXPECT_EQ(error_of(R"({"schema": 1, "database": {"name": "d", "server_version_num": "16"}})"),
            "db.json#/database/server_version_num: must be a whole number, not string");
  EXPECT_EQ(error_of(R"({"schema": 1})"), R"(db.json#/: the key "database" is missing)");
  EXPECT_EQ(error_of(R"({"schema": 2, "database": {}})"),
            "db.json#/schema: the format 2 is not the one that this program reads, 1");
  EXPECT_THAT(error_of("[]"), HasSubstr("is no snapshot"));
  EXPECT_THAT(error_of("{"), HasSubstr("db.json:1:"));
}

TEST(Snapshot, MakesACompleteCatalog) {
  const Catalog catalog = make_catalog(parse_snapshot(k_everything, "db.json"));
  EXPECT_TRUE(catalog.complete);
  EXPECT_EQ(catalog.server_version_num, 160004);
  EXPECT_EQ(catalog.timezone, "UTC");
  EXPECT_EQ(catalog.default_tablespace, "fast");
  EXPECT_TRUE(catalog.is_missing({"", "nowhere"}));
  const Relation* orders = catalog.find({"", "Orders"});
  ASSERT_NE(orders, nullptr);
  EXPECT_FALSE(orders->is_new);
  EXPECT_EQ(orders->relkind, relkind::partitioned_table);
  EXPECT_EQ(orders->owner, "o");
  EXPECT_EQ(orders->tablespace, "slow");
  EXPECT_EQ(orders->size->reltuples, 1000);
  EXPECT_TRUE(orders->column("id")->identity);
  EXPECT_EQ(orders->column("id")->owned_sequence, (RelationName{"App", "Orders_id_seq"}));
  EXPECT_EQ(orders->column("Total")->type, (TypeName{.name = "numeric", .typmods = {10, 2}}));
  EXPECT_EQ(orders->column("tax")->generated, 's');
  EXPECT_FALSE(orders->find_constraint("fk")->validated);
  EXPECT_TRUE(orders->find_constraint("positive")->inherited);
  EXPECT_EQ(orders->find_constraint("Orders_pkey")->index, "Orders_pkey");
  ASSERT_EQ(orders->triggers.size(), 1u);
  EXPECT_EQ(orders->triggers.front().function, (RelationName{"App", "t"}));
  ASSERT_EQ(orders->policies.size(), 1u);
  EXPECT_THAT(orders->policies.front().reads, ElementsAre(RelationName{"App", "parent"}));
  EXPECT_EQ(orders->rules.size(), 1u);
  EXPECT_EQ(catalog.owned_sequences(orders->name).size(), 1u);
  EXPECT_EQ(catalog.statistics_table({"", "st"}), orders->name);
  EXPECT_THAT(catalog.published("pub"), ElementsAre(orders->name));
}

TEST(Snapshot, KnowsPartitionsIndexesAndReaders) {
  const Catalog catalog = make_catalog(parse_snapshot(k_everything, "db.json"));
  const RelationName orders{"App", "Orders"};
  const Relation* first = catalog.find({"App", "first"});
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->is_partition);
  EXPECT_EQ(first->bound->upper.front().text, "10");
  EXPECT_EQ(first->relpersistence, 'u');
  EXPECT_EQ(first->access_method, "heap2");
  EXPECT_EQ(first->size->bytes, 8192);
  EXPECT_EQ(catalog.children(orders).size(), 1u);
  const Relation* index = catalog.find({"App", "first_pkey"});
  ASSERT_NE(index, nullptr);
  EXPECT_THAT(index->parents, ElementsAre(RelationName{"App", "Orders_pkey"}));
  EXPECT_TRUE(catalog.find({"App", "by_total"})->clustered);
  EXPECT_EQ(catalog.find({"App", "by_total"})->tablespace, "slow");
  ASSERT_EQ(catalog.readers(orders).size(), 1u);
  EXPECT_THAT(catalog.readers(orders).front()->query().columns, ElementsAre("Total", "id"));
}

TEST(Snapshot, KnowsTypesCastsAndFunctions) {
  const Catalog catalog = make_catalog(parse_snapshot(k_everything, "db.json"));
  ASSERT_NE(catalog.find_type({.name = "a_second"}), nullptr);
  EXPECT_TRUE(catalog.find_type({.name = "a_second"})->constrained);
  EXPECT_TRUE(catalog.is_binary_cast({.name = "citext"}, {.name = "text"}));
  EXPECT_FALSE(catalog.is_binary_cast({.name = "text"}, {.name = "citext"}));
  EXPECT_EQ(catalog.volatility({.name = "f", .arguments = 1}), "immutable");
  EXPECT_EQ(catalog.volatility({.name = "t"}), "volatile");
}

TEST(Snapshot, KnowsWhoOwnsStatisticsAndHowAMaterializedViewIsStored) {
  Snapshot snapshot = parse_snapshot(k_everything, "db.json");
  snapshot.statistics.front().owner = "leaver";
  std::ranges::find(snapshot.relations, "m", &SnapshotRelation::name)->access_method = "h2";
  const Catalog catalog = make_catalog(snapshot);
  const CatalogObject statistics{
      .kind = CatalogObject::Kind::statistics, .name = {"App", "st"}, .part = {}, .objtype = {}};
  EXPECT_EQ(owned_objects(catalog, {"leaver"}), std::vector{statistics});
  EXPECT_EQ(catalog.find({"", "m"})->access_method, "h2");
}

TEST(Snapshot, WhatOurGrammarDoesNotKnowMakesItIncomplete) {
  Snapshot snapshot = parse_snapshot(k_everything, "db.json");
  snapshot.relations.front().constraints.front().definition = "PRIMARY TREE (id)";
  EXPECT_FALSE(make_catalog(snapshot).complete);
}

// ---- reading ----------------------------------------------------------------------------------------------------------

Error reading_error(FakeServer& server) {
  FakeSession session(server);
  try {
    read_snapshot(session, {});
  } catch (const Error& error) {
    return error;
  }
  return {ExitCode::ok, "no error"};
}

TEST(ReadSnapshot, EndsItsTransactionWhateverHappens) {
  FakeServer server;
  server.answer("server_version_num", test::failure("42501"));
  EXPECT_EQ(reading_error(server).code(), ExitCode::precondition);
  EXPECT_EQ(server.log.back(), "ROLLBACK");
  EXPECT_THAT(server.log.front(), HasSubstr("READ ONLY"));
}

TEST(ReadSnapshot, SaysWhetherARetryHelps) {
  FakeServer busy;
  busy.answer("pg_extension e JOIN", test::failure("55P03"));
  busy.answer("server_version_num",
              test::rows({{"0", "now", R"({"name": "d", "server_version_num": 180000})"}}));
  EXPECT_EQ(reading_error(busy).code(), ExitCode::lock_budget);
  FakeServer gone;
  gone.answer("server_version_num", test::lost());
  EXPECT_EQ(reading_error(gone).code(), ExitCode::unreachable);
}

}  // namespace
}  // namespace pgsluice
