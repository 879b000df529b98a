// SPDX-License-Identifier: Apache-2.0
// What code inside strings does counts for the statement that runs it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"

namespace pgsluice {
namespace {

using Texts = std::vector<std::string>;

const std::string k_tables =
    "CREATE TABLE a (id int, v text); CREATE TABLE b (id int, v text); CREATE TABLE c (id int);";

std::vector<Effect> effects_of(const std::string& before, const std::string& sql) {
  static const EffectTable k_table = EffectTable::load({});
  Catalog catalog;
  predict(parse({.path = "before.sql", .text = k_tables + before}), catalog, k_table,
          {.pg_version = 17, .transaction = FileTransaction::none});
  const Script script = parse({.path = "test.sql", .text = sql});
  EXPECT_TRUE(script.errors.empty()) << sql;
  return predict(script, catalog, k_table, {.pg_version = 17, .transaction = FileTransaction::one});
}

/// "a AccessExclusive" of tables in public, sorted.
Texts locks(const Effect& effect) {
  Texts result;
  for (const RelationLock& lock : effect.locks) {
    std::string mode(lock_name(lock.mode));
    if (lock.relkind == relkind::table)
      result.push_back(lock.relation.relname + " " + mode.substr(0, mode.size() - 4));
  }
  std::ranges::sort(result);
  return result;
}

Texts locks_of(const std::string& before, const std::string& sql) {
  return locks(effects_of(before, sql).front());
}

Texts assumed(const std::string& before, const std::string& sql) {
  return effects_of(before, sql).front().assumed;
}

std::string block(const std::string& body) {
  return "DO $$ BEGIN " + body + " END $$";
}

TEST(Follow, EveryWayThatABlockMayTakeCounts) {
  EXPECT_EQ(locks_of("", block("IF random() > 0.5 THEN DELETE FROM a; ELSE TRUNCATE b; END IF;")),
            (Texts{"a RowExclusive", "b AccessExclusive"}));
  EXPECT_EQ(locks_of("", block("FOR r IN SELECT * FROM a LOOP UPDATE b SET v = r.v; END LOOP;")),
            (Texts{"a AccessShare", "b RowExclusive"}));
}

TEST(Follow, AWayThatIsKnownNotToBeTakenDoesNot) {
  EXPECT_EQ(locks_of("", block("IF 1 = 2 THEN TRUNCATE a; END IF; DELETE FROM b; RETURN; TRUNCATE c;")),
            Texts{"b RowExclusive"});
}

std::string guarded(const std::string& condition) {
  return block("IF " + condition + " THEN TRUNCATE a; ELSE TRUNCATE b; END IF;");
}

TEST(Follow, WhatTheCatalogKnowsDecidesWhichWayAGuardGoes) {
  const Texts yes{"a AccessExclusive"};
  const Texts no{"b AccessExclusive"};
  const std::string columns = "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'a' AND ";
  EXPECT_EQ(locks_of("", guarded(columns + "column_name = 'v')")), yes);
  EXPECT_EQ(locks_of("", guarded(columns + "column_name = 'w')")), no);
  EXPECT_EQ(locks_of("", guarded("NOT " + columns + "column_name LIKE 'w%')")), yes);
  EXPECT_EQ(
      locks_of(
          "",
          guarded(
              "(SELECT count(*) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'v') > 0")),
      yes);
  EXPECT_EQ(locks_of("", guarded("to_regclass('public.a') IS NOT NULL")), yes);
  EXPECT_EQ(locks_of("ALTER TABLE a ADD CONSTRAINT k CHECK (id > 0);",
                     guarded("EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
                             "WHERE t.relname = 'a' AND c.conname = 'k')")),
            yes);
}

TEST(Follow, WhatNoFileMakesMayBeThereAllTheSame) {
  const Texts both{"a AccessExclusive", "b AccessExclusive"};
  EXPECT_EQ(locks_of("", guarded("EXISTS (SELECT FROM pg_tables WHERE tablename = 'elsewhere')")), both);
  EXPECT_EQ(locks_of("", guarded("EXISTS (SELECT FROM pg_constraint WHERE conname = 'k')")), both);
  EXPECT_EQ(locks_of("", guarded("EXISTS (SELECT FROM pg_extension WHERE extname = 'citext')")), both);
  EXPECT_EQ(locks_of("", guarded("EXISTS (SELECT FROM a WHERE id = 1)")),
            (Texts{"a AccessExclusive", "b AccessExclusive"}));
}

TEST(Follow, ALoopOverCatalogsRunsForWhatIsKnown) {
  EXPECT_EQ(
      locks_of("",
               "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = "
               "'public' AND tablename < 'zz' AND tablename IN ('a', 'b') LOOP EXECUTE format('TRUNCATE %I', "
               "r.tablename); END LOOP; END $$"),
      (Texts{"a AccessExclusive", "b AccessExclusive"}));
}

TEST(Follow, QueriesOfCatalogsInEachOtherAreReadOnlySoDeep) {
  std::string condition = "true";
  for (int i = 0; i < 200; ++i)
    condition =
        "EXISTS (SELECT (SELECT 1 FROM pg_class WHERE relname = 'a') FROM pg_class WHERE " + condition + ")";
  EXPECT_EQ(locks_of("", guarded(condition)), (Texts{"a AccessExclusive", "b AccessExclusive"}));
}

TEST(Follow, ExecuteOfTextsThatAreKnownRunsThem) {
  EXPECT_EQ(locks_of("", "DO $$ DECLARE t text := 'a'; BEGIN EXECUTE format('TRUNCATE %I', t); END $$"),
            Texts{"a AccessExclusive"});
  EXPECT_EQ(
      locks_of(
          "",
          "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['a', 'b'] LOOP EXECUTE 'TRUNCATE ' || t; "
          "END LOOP; END $$"),
      (Texts{"a AccessExclusive", "b AccessExclusive"}));
  EXPECT_EQ(
      locks_of(
          "",
          "DO $$ DECLARE r record; BEGIN FOR r IN SELECT relname FROM pg_class WHERE relname IN ('a', 'c') "
          "LOOP EXECUTE format('DROP TABLE %I', r.relname); END LOOP; END $$"),
      (Texts{"a AccessExclusive", "c AccessExclusive"}));
}

TEST(Follow, WhatExecuteRunsIsSaidNotToBeKnownWithThePlace) {
  EXPECT_EQ(assumed("", "DO $$ DECLARE q text;\nBEGIN\n  SELECT v INTO q FROM a;\n  EXECUTE q;\nEND $$"),
            Texts{"DO, line 4: what EXECUTE runs is not known"});
}

TEST(Follow, OfADynamicStatementWhoseShapeIsKnownTheKnownRelationsCount) {
  const std::string sql =
      block("EXECUTE format('ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES %I', (SELECT v FROM b));");
  EXPECT_EQ(locks_of("", sql), (Texts{"a ShareRowExclusive", "b AccessShare"}));
  EXPECT_EQ(assumed("", sql), Texts{"DO, line 1: which relation EXECUTE names is not known"});
}

TEST(Follow, FunctionsAreFollowedWithTheirArguments) {
  const std::string before =
      "CREATE FUNCTION f(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE ''TRUNCATE '' || t; RETURN "
      "1; END';"
      "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT f('b') $$;";
  EXPECT_EQ(locks_of(before, "SELECT f('a')"), Texts{"a AccessExclusive"});
  EXPECT_EQ(locks_of(before, "SELECT g()"), Texts{"b AccessExclusive"});
  EXPECT_EQ(locks_of(before, "INSERT INTO c VALUES (f(t => 'a'))"),
            (Texts{"a AccessExclusive", "c RowExclusive"}));
}

TEST(Follow, ARecursiveFunctionIsFollowedOnce) {
  const std::string before =
      "CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a; RETURN "
      "f(n - 1); END $$;";
  EXPECT_EQ(locks_of(before, "SELECT f(3)"), Texts{"a RowExclusive"});
}

TEST(Follow, AFunctionThatNobodyKnowsIsSaid) {
  EXPECT_EQ(assumed("", "SELECT other(1)"), Texts{"what other() does is not known"});
  EXPECT_EQ(assumed("", "SELECT lower('x'), count(*), now()"), Texts{});
}

TEST(Follow, TriggersFireForTheirEventsAndKnowThem) {
  const std::string before =
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' THEN TRUNCATE b; "
      "ELSE "
      "EXECUTE format('DELETE FROM %I', TG_ARGV[0]); END IF; RETURN NULL; END $$;"
      "CREATE TRIGGER t AFTER DELETE OR UPDATE OF v ON a FOR EACH STATEMENT EXECUTE FUNCTION f('c');";
  EXPECT_EQ(locks_of(before, "DELETE FROM a"), (Texts{"a RowExclusive", "b AccessExclusive"}));
  EXPECT_EQ(locks_of(before, "UPDATE a SET v = 1"), (Texts{"a RowExclusive", "c RowExclusive"}));
  EXPECT_EQ(locks_of(before, "UPDATE a SET id = 1"), Texts{"a RowExclusive"});
  EXPECT_EQ(locks_of(before, "INSERT INTO a VALUES (1)"), Texts{"a RowExclusive"});
  EXPECT_EQ(locks_of(before + "ALTER TABLE a DISABLE TRIGGER t;", "DELETE FROM a"), Texts{"a RowExclusive"});
}

TEST(Follow, RulesAddTheirActions) {
  const std::string before = "CREATE RULE r AS ON DELETE TO a DO ALSO UPDATE b SET v = OLD.v;";
  EXPECT_EQ(locks_of(before, "DELETE FROM a"), (Texts{"a RowExclusive", "b RowExclusive"}));
}

TEST(Follow, PreparedStatementsAndSchemaElementsRun) {
  EXPECT_EQ(locks(effects_of("", "PREPARE p AS DELETE FROM a; EXECUTE p").at(1)), Texts{"a RowExclusive"});
  const Effect schema = effects_of("", "CREATE SCHEMA s CREATE VIEW v AS SELECT * FROM a").front();
  EXPECT_EQ(locks(schema), Texts{"a AccessShare"});
}

TEST(Follow, WhatABranchMayHaveDoneIsNotRelied) {
  const std::string maybe = block("IF random() > 0.5 THEN ALTER TABLE a ALTER v SET NOT NULL; END IF;");
  const std::vector<Effect> effects = effects_of("", maybe + "; ALTER TABLE a ALTER v SET NOT NULL");
  EXPECT_EQ(effects.at(1).scans.size(), 1U);
  const std::string surely = block("ALTER TABLE a ALTER v SET NOT NULL;");
  EXPECT_EQ(effects_of("", surely + "; ALTER TABLE a ALTER v SET NOT NULL").at(1).scans.size(), 0U);
  const std::string caught = block("ALTER TABLE a ALTER v SET NOT NULL; EXCEPTION WHEN OTHERS THEN NULL;");
  EXPECT_EQ(effects_of("", caught + "; ALTER TABLE a ALTER v SET NOT NULL").at(1).scans.size(), 1U);
  const std::string returned =
      block("IF random() > 0.5 THEN RETURN; END IF; ALTER TABLE a ALTER v SET NOT NULL;");
  EXPECT_EQ(effects_of("", returned + "; ALTER TABLE a ALTER v SET NOT NULL").at(1).scans.size(), 1U);
}

TEST(Follow, ABranchMayHaveFoundItsTableThere) {
  const std::string sql = block("IF random() > 0.5 THEN CREATE TABLE n (id int); END IF;");
  const std::vector<Effect> effects = effects_of("", sql + "; ALTER TABLE n ADD v text");
  ASSERT_EQ(effects.at(1).locks.size(), 1U);
  EXPECT_FALSE(effects.at(1).locks.front().is_new);
}

TEST(Follow, CommandsInABodyAreKnownWithTheirPlace) {
  const std::string sql = "DO $$\nBEGIN\n  ALTER TABLE a ADD z int;\nEND $$";
  const Effect effect = effects_of("", sql).front();
  ASSERT_EQ(effect.commands.size(), 2U);
  EXPECT_EQ(sql.substr(effect.commands[1].range.begin, 13), "ADD z int;\nEN");
}

TEST(Follow, CodeWithoutEndIsFollowedToALimit) {
  std::string sql = "DO $$ BEGIN ";
  for (int i = 0; i < 4; ++i) sql += "FOR i IN 1..200 LOOP ";
  sql += "DELETE FROM a; ";
  for (int i = 0; i < 4; ++i) sql += "END LOOP; ";
  const Effect effect = effects_of("", sql + "END $$").front();
  EXPECT_EQ(locks(effect), Texts{"a RowExclusive"});
  EXPECT_EQ(effect.assumed, Texts{"there is more code than is followed"});
}

}  // namespace
}  // namespace pgsluice
