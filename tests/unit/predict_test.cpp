// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "effects/settings.hpp"
#include "pgsluice/effects.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

const EffectTable& table() {
  static const EffectTable k_table = EffectTable::load({});
  return k_table;
}

/// The effects of `sql` after `before` was deployed.
std::vector<Effect> effects_of(const std::string& before, const std::string& sql,
                               FileTransaction transaction = FileTransaction::one, int version = 17) {
  Catalog catalog;
  const PredictOptions deployed{.pg_version = version, .transaction = FileTransaction::none};
  predict(parse({.path = "before.sql", .text = before}), catalog, table(), deployed);
  const Script script = parse({.path = "test.sql", .text = sql});
  EXPECT_TRUE(script.errors.empty()) << sql;
  return predict(script, catalog, table(), {.pg_version = version, .transaction = transaction});
}

/// "public.t AccessExclusiveLock" of tables, sorted; new ones end in " new".
std::vector<std::string> locks(const Effect& effect) {
  std::vector<std::string> result;
  for (const RelationLock& lock : effect.locks) {
    if (lock.relkind == relkind::index || lock.relkind == relkind::partitioned_index) continue;
    result.push_back(lock.relation.quoted() + " " + std::string(lock_name(lock.mode)) +
                     (lock.is_new ? " new" : ""));
  }
  std::ranges::sort(result);
  return result;
}

std::vector<std::string> names(const std::vector<RelationName>& relations) {
  std::vector<std::string> result;
  for (const RelationName& name : relations) result.push_back(name.quoted());
  std::ranges::sort(result);
  return result;
}

using Texts = std::vector<std::string>;

TEST(Predict, AVolatileDefaultRewritesTheRelationAndItsIndexes) {
  const Effect effect =
      effects_of("CREATE TABLE t (id int PRIMARY KEY)", "ALTER TABLE t ADD r float DEFAULT random()").at(0);
  EXPECT_EQ(locks(effect), Texts{"public.t AccessExclusiveLock"});
  EXPECT_EQ(names(effect.rewrites), Texts{"public.t"});
  EXPECT_EQ(names(effect.index_builds), Texts{"public.t_pkey"});
}

TEST(Predict, RowsOfTheSameTransactionAreCheckedAgainUnlessTheirKeyIsNull) {
  const std::string before =
      "CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (id int, r int REFERENCES r)";
  const auto last = [&before](const std::string& sql) {
    return locks(effects_of(before, sql + "; UPDATE t SET id = 2").back());
  };
  const Texts checked = {"public.r RowShareLock", "public.t RowExclusiveLock"};
  const Texts unchecked = {"public.t RowExclusiveLock"};
  const auto sorted = [](Texts texts) {
    std::ranges::sort(texts);
    return texts;
  };
  EXPECT_EQ(sorted(last("INSERT INTO t VALUES (1, 1)")), checked);
  EXPECT_EQ(sorted(last("INSERT INTO t VALUES (1, NULL), (2, NULL)")), unchecked);
  EXPECT_EQ(sorted(last("INSERT INTO t VALUES (1, NULL), (2, 1)")), checked);
  EXPECT_EQ(sorted(last("INSERT INTO t VALUES (1, NULL); UPDATE t SET id = 3")), checked);
  EXPECT_EQ(sorted(last("DO $$ BEGIN IF random() < 0.5 THEN UPDATE t SET r = 1; END IF; END $$")), checked);
}

TEST(Predict, DiscardAllNeedsNoTransaction) {
  EXPECT_TRUE(effects_of("", "DISCARD ALL", FileTransaction::none).at(0).needs_no_transaction);
  EXPECT_FALSE(effects_of("", "DISCARD TEMP", FileTransaction::none).at(0).needs_no_transaction);
}

TEST(Predict, DiscardDropsTemporaryTables) {
  const std::string before = "CREATE TABLE t (id int)";
  const std::string hidden = "CREATE TEMP TABLE t (id int); DISCARD ";
  const std::string change = "; ALTER TABLE t ADD a int";
  EXPECT_EQ(locks(effects_of(before, hidden + "PLANS" + change).at(2)),
            Texts{"pg_temp.t AccessExclusiveLock new"});
  EXPECT_EQ(locks(effects_of(before, hidden + "TEMP" + change).at(2)), Texts{"public.t AccessExclusiveLock"});
  EXPECT_EQ(locks(effects_of(before, hidden + "ALL" + change, FileTransaction::none).at(2)),
            Texts{"public.t AccessExclusiveLock"});
}

TEST(Predict, DiscardAllResetsSettings) {
  const std::vector<Effect> effects = effects_of(
      "CREATE TABLE t (id int)", "SET search_path = app; SET lock_timeout = '2s'; DISCARD ALL; DROP TABLE t",
      FileTransaction::none);
  EXPECT_EQ(locks(effects.at(3)), Texts{"public.t AccessExclusiveLock"});
  EXPECT_FALSE(effects.at(3).lock_timeout_ms);
}

TEST(Predict, AStableDefaultDoesNot) {
  const Effect effect =
      effects_of("CREATE TABLE t (id int)",
                 "ALTER TABLE t ADD at timestamptz NOT NULL DEFAULT now() - interval '1 day'")
          .at(0);
  EXPECT_TRUE(effect.rewrites.empty());
  EXPECT_TRUE(effect.assumed.empty());
}

TEST(Predict, AnUnknownFunctionIsTakenForVolatileAndSaid) {
  const Effect effect =
      effects_of("CREATE TABLE t (id int)", "ALTER TABLE t ADD x int DEFAULT mystery()").at(0);
  EXPECT_EQ(names(effect.rewrites), Texts{"public.t"});
  EXPECT_EQ(effect.assumed, (Texts{"public.t x: default = volatile", "what mystery() does is not known"}));
  const Effect known = effects_of(
                           "CREATE TABLE t (id int); CREATE FUNCTION mystery() RETURNS int LANGUAGE sql "
                           "IMMUTABLE AS 'SELECT 1'",
                           "ALTER TABLE t ADD x int DEFAULT mystery()")
                           .at(0);
  EXPECT_TRUE(known.rewrites.empty());
}

TEST(Predict, AForeignKeyLocksBothTables) {
  const Effect effect = effects_of("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p_id int)",
                                   "ALTER TABLE c ADD FOREIGN KEY (p_id) REFERENCES p")
                            .at(0);
  EXPECT_EQ(locks(effect), (Texts{"public.c ShareRowExclusiveLock", "public.p ShareRowExclusiveLock"}));
  EXPECT_EQ(names(effect.scans).front(), "public.c");
}

TEST(Predict, RowLocksGoThroughAViewToWhatItShows) {
  const std::string before =
      "CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c (x int);"
      "CREATE VIEW all_of AS SELECT x FROM a UNION SELECT x FROM b;"
      "CREATE VIEW with_query AS WITH q AS (SELECT x FROM a) SELECT q.x FROM q, b;"
      "CREATE VIEW nested AS SELECT s.x FROM (SELECT x FROM a WHERE EXISTS (SELECT FROM b)) s JOIN c ON true";
  const auto locked = [&](const std::string& view) {
    return locks(effects_of(before, "SELECT * FROM " + view + " FOR UPDATE").at(0));
  };
  EXPECT_EQ(locked("all_of"),
            (Texts{"public.a RowShareLock", "public.all_of RowShareLock", "public.b RowShareLock"}));
  EXPECT_EQ(locked("with_query"),
            (Texts{"public.a AccessShareLock", "public.b RowShareLock", "public.with_query RowShareLock"}));
  EXPECT_EQ(locked("nested"), (Texts{"public.a RowShareLock", "public.b AccessShareLock",
                                     "public.c RowShareLock", "public.nested RowShareLock"}));
}

TEST(Predict, StatisticsWithANameStandInTheFirstSchema) {
  const std::string before = "CREATE TABLE s.t (a int, b int); CREATE STATISTICS k ON a, b FROM s.t";
  EXPECT_EQ(locks(effects_of(before, "DROP STATISTICS public.k").at(0)),
            Texts{"s.t ShareUpdateExclusiveLock"});
}

TEST(Predict, WhatARuleDoesNothingInsteadOfIsNotPlanned) {
  const std::string before =
      "CREATE TABLE a (x int); CREATE VIEW v AS SELECT x FROM a; CREATE TABLE t (x int);"
      "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING";
  EXPECT_EQ(locks(effects_of(before, "INSERT INTO t SELECT x FROM v").at(0)),
            (Texts{"public.t RowExclusiveLock", "public.v AccessShareLock"}));
}

TEST(Predict, AlterTableTakesTheStrictestLockForItsLongestWork) {
  const Effect effect =
      effects_of("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
                 "ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN b int")
          .at(0);
  EXPECT_EQ(locks(effect), Texts{"public.t AccessExclusiveLock"});
  EXPECT_EQ(names(effect.scans), Texts{"public.t"});
}

TEST(Predict, PartitionsAreLockedWithTheirParent) {
  const Effect effect =
      effects_of("CREATE TABLE t (d date) PARTITION BY RANGE (d); CREATE TABLE t_1 PARTITION OF t DEFAULT",
                 "ALTER TABLE t ADD COLUMN x int")
          .at(0);
  EXPECT_EQ(locks(effect), (Texts{"public.t AccessExclusiveLock", "public.t_1 AccessExclusiveLock"}));
}

TEST(Predict, APartitionedPartitionThatKeysPointToHasNoTriggersToLose) {
  const std::string before =
      "CREATE TABLE e (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (9);"
      "CREATE TABLE e2 PARTITION OF e FOR VALUES FROM (9) TO (99) PARTITION BY RANGE (id);"
      "CREATE TABLE f (id int REFERENCES e)";
  const auto detached = [&before](const std::string& partition, int version) {
    return locks(
        effects_of(before, "ALTER TABLE e DETACH PARTITION " + partition, FileTransaction::one, version)
            .at(0));
  };
  const Texts gentle = {"public.e AccessExclusiveLock", "public.e2 ShareUpdateExclusiveLock",
                        "public.f AccessExclusiveLock"};
  const Texts plain = {"public.e AccessExclusiveLock", "public.e1 AccessExclusiveLock",
                       "public.f AccessExclusiveLock"};
  EXPECT_EQ(detached("e2", 12), gentle);
  EXPECT_EQ(detached("e2", 13), gentle);
  EXPECT_EQ(detached("e1", 13), plain);
}

TEST(Predict, APartitionedTableIsToldItsTablespaceToo) {
  const std::string before =
      "CREATE TABLE t (a int); CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE VIEW v AS SELECT 1 AS "
      "one";
  const auto moved = [&before](const std::string& sql) { return effects_of(before, sql).at(0); };
  const Effect effect = moved("ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE other");
  EXPECT_EQ(locks(effect), (Texts{"public.p AccessExclusiveLock", "public.t AccessExclusiveLock"}));
  EXPECT_EQ(names(effect.rewrites), Texts{"public.t"});
  EXPECT_EQ(locks(moved("ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default")), Texts{});
}

TEST(Predict, ACheckThatLeavesTheBoundsOutSavesTheDefaultPartitionItsScan) {
  const std::string tables =
      "CREATE TABLE t (d date NOT NULL) PARTITION BY RANGE (d); CREATE TABLE rest PARTITION OF t DEFAULT;"
      "CREATE TABLE may (LIKE t, CHECK (d >= '2026-05-01' AND d < '2026-06-01'));";
  const std::string attach =
      "ALTER TABLE t ATTACH PARTITION may FOR VALUES FROM ('2026-05-01') TO ('2026-06-01')";
  const auto scans = [&](const std::string& check) {
    return names(effects_of(tables + check, attach).at(0).scans);
  };
  EXPECT_EQ(scans(""), Texts{"public.rest"});
  EXPECT_EQ(scans("ALTER TABLE rest ADD CHECK (d < '2026-05-01' OR d >= '2026-06-01')"), Texts{});
  EXPECT_EQ(scans("ALTER TABLE rest ADD CHECK (d < '2026-05-01' OR d >= '2026-05-31')"),
            Texts{"public.rest"});
  EXPECT_EQ(scans("ALTER TABLE rest ADD CHECK (d < '2026-05-01' OR d >= '2026-06-01') NOT VALID"),
            Texts{"public.rest"});
}

TEST(Predict, WhatIsMadeInTheTransactionIsNew) {
  const std::vector<Effect> effects =
      effects_of("", "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ADD r float DEFAULT random()");
  EXPECT_EQ(locks(effects.at(1)), Texts{"public.t AccessExclusiveLock new"});
  EXPECT_TRUE(effects.at(1).rewrites.empty());
  EXPECT_TRUE(effects.at(1).index_builds.empty());
}

TEST(Predict, ACommitMakesItOld) {
  const std::vector<Effect> effects = effects_of(
      "",
      "BEGIN; CREATE TABLE t (id int); COMMIT; BEGIN; ALTER TABLE t ADD r float DEFAULT random(); COMMIT");
  EXPECT_EQ(locks(effects.at(4)), Texts{"public.t AccessExclusiveLock"});
  EXPECT_EQ(names(effects.at(4).rewrites), Texts{"public.t"});
}

TEST(Predict, RollbackTakesBackWhatTheCatalogLearned) {
  const std::vector<Effect> effects =
      effects_of("CREATE TABLE t (a int)",
                 "BEGIN; ALTER TABLE t ADD b int NOT NULL DEFAULT 1; ROLLBACK; BEGIN; ALTER TABLE t ALTER b "
                 "SET NOT NULL; COMMIT");
  EXPECT_FALSE(effects.at(4).assumed.empty());
  const std::vector<Effect> savepoint =
      effects_of("CREATE TABLE t (a int)",
                 "BEGIN; SAVEPOINT s; DROP TABLE t; ROLLBACK TO s; ALTER TABLE t ADD b int; COMMIT");
  EXPECT_EQ(locks(savepoint.at(4)), Texts{"public.t AccessExclusiveLock"});
}

TEST(Predict, RollbackToASavepointTakesBackWhatWasSet) {
  const std::vector<Effect> effects = effects_of(
      "CREATE SCHEMA app",
      "BEGIN; SET lock_timeout = '1s'; SAVEPOINT s; SET search_path = app; SET lock_timeout = '2s';"
      "ROLLBACK TO s; COMMIT; CREATE TABLE t (id int)");
  EXPECT_EQ(effects.at(7).locks.at(0).relation.quoted(), "public.t");
  EXPECT_EQ(effects.at(7).lock_timeout_ms, 1000);
}

TEST(Predict, TransactionsAreNumberedAndAutocommitHasNone) {
  const auto ordinals = [](const std::vector<Effect>& effects) {
    Texts result;
    for (const Effect& e : effects) result.push_back(e.transaction ? std::to_string(*e.transaction) : "-");
    return result;
  };
  EXPECT_EQ(ordinals(effects_of("", "SELECT 1; SELECT 2")), (Texts{"0", "0"}));
  EXPECT_EQ(ordinals(effects_of("", "SELECT 1; SELECT 2", FileTransaction::none)), (Texts{"-", "-"}));
  EXPECT_EQ(ordinals(effects_of("", "SELECT 1; BEGIN; SELECT 2; COMMIT; BEGIN; COMMIT")),
            (Texts{"-", "0", "0", "0", "1", "1"}));
}

TEST(Predict, LockTimeoutFollowsSetAndItsScope) {
  const auto timeouts = [](const std::string& sql) {
    Texts result;
    for (const Effect& e : effects_of("", sql)) {
      result.push_back(e.lock_timeout_ms ? std::to_string(*e.lock_timeout_ms) : "-");
    }
    return result;
  };
  EXPECT_EQ(timeouts("SELECT 1; SET lock_timeout = '2s'; SELECT 2"), (Texts{"-", "-", "2000"}));
  EXPECT_EQ(timeouts("BEGIN; SET LOCAL lock_timeout = 500; SELECT 1; COMMIT; SELECT 2"),
            (Texts{"-", "-", "500", "500", "-"}));
  EXPECT_EQ(timeouts("BEGIN; SET lock_timeout = '1min'; ROLLBACK; SELECT 2"),
            (Texts{"-", "-", "60000", "-"}));
  EXPECT_EQ(timeouts("SET lock_timeout = '2s'; RESET lock_timeout; SELECT 1"), (Texts{"-", "2000", "-"}));
  // Outside a transaction SET LOCAL does nothing.
  Catalog catalog;
  const Script script = parse({.path = "x", .text = "SET LOCAL lock_timeout = '2s'; SELECT 1"});
  EXPECT_FALSE(
      predict(script, catalog, table(), {.transaction = FileTransaction::none}).at(1).lock_timeout_ms);
}

TEST(Predict, SearchPathDecidesWhichRelationIsMeant) {
  const std::vector<Effect> effects = effects_of(
      "CREATE TABLE app.t (a int)", "SET LOCAL search_path = app, public; ALTER TABLE t ADD b int");
  EXPECT_EQ(locks(effects.at(1)), Texts{"app.t AccessExclusiveLock"});
}

TEST(Predict, IfExistsOnWhatWasDroppedIsSkipped) {
  const Effect effect = effects_of("CREATE TABLE t (a int); DROP TABLE t", "DROP TABLE IF EXISTS t").at(0);
  EXPECT_EQ(effect.outcome, Outcome::skipped);
  EXPECT_TRUE(effect.locks.empty());
  EXPECT_EQ(effects_of("CREATE TABLE t (a int)", "CREATE TABLE IF NOT EXISTS t (a int)").at(0).outcome,
            Outcome::skipped);
}

TEST(Predict, IfExistsOnWhatNoFileMakesLocksNothingAndIsStillJudged) {
  const std::string before = "CREATE TABLE t (a int)";
  for (const char* sql :
       {"DROP TABLE IF EXISTS gone", "DROP VIEW IF EXISTS gone", "ALTER TABLE IF EXISTS gone ADD a int",
        "ALTER TABLE IF EXISTS gone RENAME TO other", "ALTER SEQUENCE IF EXISTS gone RESTART",
        "ALTER VIEW IF EXISTS gone SET SCHEMA other", "DROP TRIGGER IF EXISTS g ON gone"}) {
    const Effect effect = effects_of(before, sql).at(0);
    EXPECT_TRUE(effect.locks.empty()) << sql;
    EXPECT_EQ(effect.assumed, Texts{"public.gone does not exist: no file before creates it"}) << sql;
    EXPECT_EQ(effect.outcome, Outcome::runs) << sql;
  }
  const Effect drop = effects_of(before, "DROP TABLE IF EXISTS gone").at(0);
  EXPECT_TRUE(drop.destroys_data);
  EXPECT_EQ(drop.phase, Phase::contract);
  EXPECT_EQ(locks(effects_of(before, "DROP TABLE IF EXISTS t, gone").at(0)),
            Texts{"public.t AccessExclusiveLock"});
}

TEST(Predict, FilesThatAreNotTheWholeHistoryProveNothing) {
  for (const char* before : {"SELECT 1", "CREATE TABLE t (a int); ALTER TABLE elsewhere ADD a int",
                             "CREATE TABLE t (a int); DO $$ BEGIN EXECUTE f(); END $$",
                             "CREATE TABLE t (a int); CREATE EXTENSION postgis",
                             "CREATE TABLE t (a int); BEGIN; ALTER TABLE elsewhere ADD a int; ROLLBACK"}) {
    EXPECT_EQ(locks(effects_of(before, "DROP TABLE IF EXISTS gone").at(0)),
              Texts{"public.gone AccessExclusiveLock"})
        << before;
  }
}

TEST(Predict, WhatACompleteCatalogLacksIsAnError) {
  for (const char* sql :
       {"ALTER TABLE gone ADD a int", "DROP TABLE gone", "CREATE INDEX ON gone (a)",
        "ALTER INDEX gone RENAME TO other", "DROP TABLE IF EXISTS t, gone; DROP VIEW gone"}) {
    Catalog catalog;
    predict(parse({.path = "before.sql", .text = "CREATE TABLE t (a int)"}), catalog, table(),
            {.pg_version = 17});
    catalog.complete = true;
    const Script script = parse({.path = "x.sql", .text = sql});
    EXPECT_EQ(predict(script, catalog, table(), {.pg_version = 17}).back().outcome, Outcome::error) << sql;
  }
}

TEST(Predict, AKeyThatReleasesMayRelyOnBreaksThemWhenItGoes) {
  const std::string table = "CREATE TABLE t (a int, b int); ";
  const auto breaks = [&table](const std::string& before, const std::string& sql) {
    return effects_of(table + before, sql).back().breaks;
  };
  EXPECT_EQ(breaks("CREATE UNIQUE INDEX i ON t (a)", "DROP INDEX i"), Breaks::writers);
  EXPECT_EQ(breaks("CREATE UNIQUE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a)", "DROP INDEX i"),
            Breaks::nobody);
  EXPECT_EQ(
      breaks("CREATE UNIQUE INDEX i ON t (a) WHERE b > 0; CREATE UNIQUE INDEX j ON t (a)", "DROP INDEX i"),
      Breaks::writers);
  for (const char* other : {"UNIQUE (a) DEFERRABLE", "EXCLUDE USING gist (a WITH =)"})
    EXPECT_EQ(
        breaks(cat("CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k ", other), "DROP INDEX i"),
        Breaks::writers)
        << other;
  EXPECT_EQ(breaks("CREATE INDEX i ON t (a)", "DROP INDEX i"), Breaks::nobody);
  EXPECT_EQ(breaks("SELECT 1", "CREATE UNIQUE INDEX i ON t (a); DROP INDEX i"), Breaks::nobody);
  EXPECT_EQ(breaks("ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b)", "ALTER TABLE t DROP CONSTRAINT k"),
            Breaks::writers);
  EXPECT_EQ(breaks("ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE", "ALTER TABLE t DROP CONSTRAINT k"),
            Breaks::nobody);
  EXPECT_EQ(breaks("SELECT 1", "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a); ALTER TABLE t DROP CONSTRAINT k"),
            Breaks::nobody);
}

TEST(Predict, StatisticsAreOfOneRelationThatHasAName) {
  for (const char* from : {"f(1)", "t, u", "t JOIN u USING (a)", "(SELECT 1) s", "ONLY t, f(1)"}) {
    const Effect effect = effects_of("CREATE TABLE t (a int, b int); CREATE TABLE u (a int, b int)",
                                     "CREATE STATISTICS s ON a, b FROM " + std::string(from))
                              .at(0);
    EXPECT_EQ(effect.outcome, Outcome::error) << from;
    EXPECT_EQ(effect.refusal, "CREATE STATISTICS takes the name of one relation") << from;
  }
}

TEST(Predict, TheElementsOfANewSchemaReferToWhatIsThere) {
  const Effect effect =
      effects_of("CREATE TABLE t (id int PRIMARY KEY)",
                 "CREATE SCHEMA s CREATE TABLE u (a int REFERENCES t) CREATE VIEW v AS SELECT a FROM u")
          .at(0);
  EXPECT_EQ(locks(effect), (Texts{"public.t ShareRowExclusiveLock", "s.u AccessExclusiveLock new",
                                  "s.v AccessExclusiveLock new"}));
}

/// Locks of an ALTER TABLE of a table that is not in a complete catalog, after `before`.
std::size_t locks_on_a_missing_table(const std::string& before) {
  Catalog catalog;
  catalog.complete = true;
  const Script script = parse({.path = "x.sql", .text = before + "\nALTER TABLE made ADD c int;"});
  return predict(script, catalog, table(), {.pg_version = 17}).back().locks.size();
}

TEST(Predict, WhatUnseenCodeMayHaveMadeIsNotMissing) {
  EXPECT_EQ(locks_on_a_missing_table(""), 0u);
  EXPECT_EQ(locks_on_a_missing_table("SELECT now(), set_config('a.b', 'c', true);"), 0u);
  for (const char* before :
       {"DO $$ BEGIN EXECUTE 'CREATE TABLE made ()'; END $$;", "CALL make();", "SELECT make();",
        "CREATE TABLE t (a int); INSERT INTO t SELECT make();", "CREATE EXTENSION postgis;",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT g()'; SELECT f();",
        "DROP TABLE made; DO $$ BEGIN EXECUTE f(); END $$;", "CREAT TABLE made ();", "\\i more.sql"}) {
    EXPECT_EQ(locks_on_a_missing_table(before), 1u) << before;
  }
}

TEST(Predict, ACommandThatNoRowKnowsMayDoTheWorst) {
  Catalog catalog;
  const EffectTable empty = EffectTable::parse(R"({"rows": []})", "none.json");
  const Script script = parse({.path = "x", .text = "ALTER TABLE t ADD COLUMN x int"});
  const Effect effect = predict(script, catalog, empty, {}).at(0);
  EXPECT_TRUE(effect.unmodeled);
  EXPECT_EQ(locks(effect), Texts{"public.t AccessExclusiveLock"});
}

TEST(Predict, ConcurrentlyMayNotRunInATransaction) {
  const Effect effect = effects_of("CREATE TABLE t (a int)", "CREATE INDEX CONCURRENTLY ON t (a)").at(0);
  EXPECT_TRUE(effect.needs_no_transaction);
  EXPECT_TRUE(effect.in_transaction_block);
  EXPECT_EQ(locks(effect), Texts{"public.t ShareUpdateExclusiveLock"});
}

TEST(EffectTable, WhatItDoesNotUnderstandStopsItWithThePlace) {
  const auto message = [](const std::string& row) -> std::string {
    try {
      EffectTable::parse(R"({"rows": [{"id": "a", "on": "X", "source": "s", "example": "e")" + row + "}]}",
                         "my.json");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(""), "");
  EXPECT_NE(message(R"(, "lokcs": {})").find("my.json#/rows/0"), std::string::npos);
  EXPECT_NE(message(R"(, "locks": {"nobody": "ShareLock"})").find("my.json#/rows/0/locks/nobody"),
            std::string::npos);
  EXPECT_NE(message(R"(, "locks": {"target": "Shared"})").find("unknown lock mode"), std::string::npos);
  EXPECT_NE(message(R"(, "when": {"wheather": true})").find("my.json#/rows/0/when/wheather"),
            std::string::npos);
  EXPECT_NE(message(R"(, "scans": "target")").find("my.json#/rows/0/scans"), std::string::npos);
  EXPECT_NE(message(R"(, "pg": "new")").find("my.json#/rows/0/pg"), std::string::npos);
}

TEST(LockMode, ConflictsAreThoseOfTheManual) {
  // One row per mode of "Conflicting Lock Modes", weakest first; x marks a conflict.
  const std::vector<std::string> manual = {".......x", "......xx", "....xxxx", "...xxxxx",
                                           "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"};
  for (int a = 1; a <= 8; ++a) {
    for (int b = 1; b <= 8; ++b) {
      EXPECT_EQ(conflicts(static_cast<LockMode>(a), static_cast<LockMode>(b)),
                manual.at(static_cast<std::size_t>(a) - 1).at(static_cast<std::size_t>(b) - 1) == 'x')
          << a << " " << b;
    }
  }
}

TEST(LockMode, SpellingsGoBothWays) {
  for (int i = 1; i <= 8; ++i) {
    const auto mode = static_cast<LockMode>(i);
    EXPECT_EQ(parse_lock_name(lock_name(mode)), mode);
  }
  EXPECT_EQ(lock_sql(LockMode::ShareRowExclusive), "SHARE ROW EXCLUSIVE");
  EXPECT_FALSE(parse_lock_name("NoLock"));
}

TEST(Settings, TimeIsReadAsTheServerReadsIt) {
  EXPECT_EQ(effects::parse_milliseconds("2s"), 2'000);
  EXPECT_EQ(effects::parse_milliseconds(" 1.5 s"), 1'500);
  EXPECT_EQ(effects::parse_milliseconds("0"), 0);
  EXPECT_EQ(effects::parse_milliseconds("1min"), 60'000);
  EXPECT_FALSE(effects::parse_milliseconds("soon"));
  EXPECT_FALSE(effects::parse_milliseconds("2 parsecs"));
}

}  // namespace
}  // namespace pgsluice
