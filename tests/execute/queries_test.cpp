// SPDX-License-Identifier: Apache-2.0
// What queries use, on real servers: a workload of which it is known, and the gate that asks for it.

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/counting.hpp"
#include "execute/workload.hpp"
#include "gate/query_target.hpp"
#include "pg/arrays.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::string_view k_archivist = "pgsluice_test_archivist";

// ---- the workload --------------------------------------------------------------------------------------------------

struct Counted {
  std::size_t query = 0;
  QueryJudge::Statement statement;
};

class Workload : public ::testing::TestWithParam<Server> {
 protected:
  static constexpr std::size_t k_queries = 200;

  Workload() : queries(make_workload(k_queries, 20'261'127, GetParam().major)) {
    make_role(database, k_app);
    make_role(database, k_archivist);
    database.admin(cat("ALTER ROLE ", k_archivist, " SET search_path = archive, public"));
    database.admin("CREATE EXTENSION pg_stat_statements");
    database.admin(k_workload_schema);
    database.admin(cat("GRANT USAGE ON SCHEMA archive TO ", k_archivist,
                       "; GRANT ALL ON ALL TABLES IN SCHEMA public, archive TO ", k_app, ", ", k_archivist));
  }

  void run_all() {
    // The statements of tests before this one would push some of these out.
    ASSERT_TRUE(admin->script("SELECT pg_stat_statements_reset()").ok);
    const auto app = database.connect("app", k_app);
    const auto archivist = database.connect("app", k_archivist);
    for (const WorkloadQuery& query : queries) {
      const SqlResult result = (query.archive ? archivist : app)->query(query.sql, {});
      ASSERT_TRUE(result.ok) << query.sql << "\n" << result.error.message;
    }
  }

  /// What the server counts; it counts queries of one shape as one.
  std::vector<Counted> counted() {
    const SqlResult rows = admin->query(
        "SELECT (regexp_match(s.query, '/\\* q(\\d+) \\*/'))[1], r.rolname, s.query FROM pg_stat_statements s"
        " JOIN pg_roles r ON r.oid = s.userid WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = "
        "current_database())"
        " AND s.query LIKE '%/* q%' ORDER BY 1",
        {});
    EXPECT_TRUE(rows.ok) << rows.error.message;
    std::vector<Counted> found;
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      found.push_back({.query = static_cast<std::size_t>(rows.number(row, 0).value_or(0)),
                       .statement = {.text = rows.text(row, 2), .role = rows.text(row, 1)}});
    }
    return found;
  }

  /// The queries that the server takes no more when the column is gone.
  std::set<std::size_t> refused_without(const std::string& column) {
    const std::size_t dot = column.find('.');
    std::vector<std::string> plain;
    std::vector<std::string> archive;
    for (const WorkloadQuery& query : queries) (query.archive ? archive : plain).push_back(query.sql);
    admin->script(cat("BEGIN; ALTER TABLE public.", column.substr(0, dot), " DROP COLUMN ",
                      column.substr(dot + 1), " CASCADE"));
    std::set<std::size_t> refused;
    for (const auto& [path, list] : {std::pair("public", plain), std::pair("archive, public", archive)}) {
      admin->script(cat("SET LOCAL search_path = ", path));
      const SqlResult rows = admin->query(
          "SELECT (regexp_match(q, '/\\* q(\\d+) \\*/'))[1] FROM unnest($1::text[]) q WHERE NOT "
          "public.is_taken(q)",
          {pg::text_array(list)});
      EXPECT_TRUE(rows.ok) << rows.error.message;
      for (std::size_t row = 0; row < rows.rows.size(); ++row)
        refused.insert(static_cast<std::size_t>(rows.number(row, 0).value_or(0)));
    }
    admin->script("ROLLBACK");
    return refused;
  }

  Database database{GetParam(), "workload"};
  std::unique_ptr<Session> admin = database.connect("test", k_superuser);
  std::vector<WorkloadQuery> queries;
};

INSTANTIATE_TEST_SUITE_P(Servers, Workload, ::testing::ValuesIn(servers({})), version_name);

std::string sql_of(const std::vector<WorkloadQuery>& queries, const std::set<std::size_t>& numbers) {
  std::string text;
  for (const std::size_t number : numbers) text += cat("\n  ", queries[number].sql);
  return text;
}

std::set<std::size_t> without(const std::set<std::size_t>& all, const std::set<std::size_t>& some) {
  std::set<std::size_t> rest;
  std::ranges::set_difference(all, some, std::inserter(rest, rest.end()));
  return rest;
}

/// Exactly the queries that use a column are found, by the text that the server keeps of them.
TEST_P(Workload, IsUnderstoodExactly) {
  database.admin(R"(CREATE FUNCTION is_taken(sql text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'PREPARE taken AS ' || sql; DEALLOCATE taken; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$)");
  run_all();
  const std::vector<Counted> all = counted();
  ASSERT_GE(all.size(), k_queries * 3 / 4);
  std::vector<QueryJudge::Statement> statements;
  for (const Counted& one : all) statements.push_back(one.statement);
  std::cout << "PostgreSQL " << GetParam().major << ": " << k_queries << " queries, counted as " << all.size()
            << "\n"
            << std::left << std::setw(24) << "column"
            << "used  found  missed  wrong  refused by the server without it\n";
  for (const std::string& column : k_workload_columns) {
    const std::size_t dot = column.find('.');
    const GateSubject subject{.relation = {.schemaname = "public", .relname = column.substr(0, dot)},
                              .column = column.substr(dot + 1)};
    const auto target = find_query_target(*admin, subject);
    ASSERT_TRUE(std::holds_alternative<QueryTarget>(target)) << std::get<std::string>(target);
    QueryJudge judge(*admin, subject, std::get<QueryTarget>(target));
    const std::vector<QueryJudge::Answer> answers = judge.answer(statements);
    std::set<std::size_t> used;
    std::set<std::size_t> found;
    std::set<std::size_t> needed;
    std::set<std::size_t> shifting;
    for (const WorkloadQuery& query : queries) {
      const auto number = static_cast<std::size_t>(&query - queries.data());
      if (query.uses.contains(column)) needed.insert(number);
      if (query.shifting.contains(column)) shifting.insert(number);
    }
    const std::set<std::size_t> refused = without(refused_without(column), shifting);
    needed = without(needed, shifting);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const WorkloadQuery& query = queries.at(all[i].query);
      if (query.uses.contains(column) || query.too.contains(column)) used.insert(all[i].query);
      EXPECT_NE(answers[i].verdict, Verdict::unknown) << answers[i].words << ": " << query.sql;
      if (answers[i].verdict == Verdict::closed) {
        found.insert(all[i].query);
        EXPECT_TRUE(judge.may_use(all[i].statement.text)) << "left out by its text: " << query.sql;
      }
    }
    const std::set<std::size_t> missed = without(used, found);
    const std::set<std::size_t> wrong = without(found, used);
    std::cout << std::setw(24) << column << std::setw(6) << used.size() << std::setw(7) << found.size()
              << std::setw(8) << missed.size() << std::setw(7) << wrong.size() << refused.size() << "\n";
    EXPECT_THAT(missed, IsEmpty()) << column << sql_of(queries, missed);
    EXPECT_THAT(wrong, IsEmpty()) << column << sql_of(queries, wrong);
    EXPECT_EQ(refused, needed) << column << ": refused and not needed"
                               << sql_of(queries, without(refused, needed)) << "\nneeded and not refused"
                               << sql_of(queries, without(needed, refused));
    EXPECT_FALSE(used.empty()) << column << " is in no query: the workload tells nothing about it";
  }
}

// ---- the gate ------------------------------------------------------------------------------------------------------

constexpr std::string_view k_drop_of_total =
    "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n";

class Queries : public Counting {};

INSTANTIATE_TEST_SUITE_P(Servers, Queries, ::testing::ValuesIn(servers({12, 14, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Queries);

TEST_P(Queries, OfTheOldReleaseHoldTheContractStepBackUntilTheyAreOver) {
  folder.write("0002_drop.sql", k_drop_of_total);
  app("SELECT total FROM orders WHERE id = 4711");
  const std::string words = held("0002_drop.sql");
  EXPECT_THAT(words, AllOf(HasSubstr("queries: public.orders.total was used in the "),
                           HasSubstr("of pgsluice_test_app, 1 call: "),
                           HasSubstr("SELECT total FROM orders WHERE id = $1"), Not(HasSubstr("= 4711"))));
  const Finished first = bring("2.0.0");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(has_total()) << "it was used since release 1 came";
  EXPECT_EQ(recorded("verdict"), "closed");
  EXPECT_EQ(recorded("detail -> 'used_by' -> 0 ->> 'calls'"), "1");

  app("SELECT id, note FROM orders");
  const Finished second = bring("2.0.0");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_FALSE(has_total()) << second.out << "nothing has used it since the last look";
  EXPECT_THAT(recorded("words"),
              MatchesRegex("no statement used public.orders.total in the [0-9]+m?s since .*"));
  EXPECT_EQ(recorded("verdict"), "open");
}

TEST_P(Queries, AreComparedWithTheSameMomentForAsLongAsNoneComes) {
  folder.write("0002_drop.sql",
               "-- pgsluice: phase=contract soak=24h\nALTER TABLE orders DROP COLUMN total;\n");
  const auto since = [this] {
    return database.sql("SELECT taken_at FROM pgsluice.query_snapshot WHERE migration_id = '0002_drop.sql'");
  };
  EXPECT_EQ(bring("2.0.0").code, 0);
  const std::string first = since();
  folder.write("0001a_note.sql", "CREATE TABLE notes (id int);\n");
  EXPECT_EQ(bring("2.1.0").code, 0);
  EXPECT_EQ(since(), first);
  EXPECT_THAT(held("0002_drop.sql"), AllOf(HasSubstr("soak: "), Not(HasSubstr("queries: "))));
  app("UPDATE orders SET total = 1");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: public.orders.total was used"));
  EXPECT_EQ(bring("2.2.0").code, 0);
  EXPECT_NE(since(), first);
  EXPECT_THAT(held("0002_drop.sql"), Not(HasSubstr("queries: ")));
}

TEST_P(Queries, OfOurOwnAreNoUse) {
  folder.write("0001b_fill.sql",
               "-- pgsluice: phase=backfill\n-- pgsluice: batch\nUPDATE orders SET note = total::text;\n");
  EXPECT_EQ(bring("2.0.0").code, 0);
  folder.write("0002_drop.sql", k_drop_of_total);
  const Finished finished = bring("3.0.0");
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_FALSE(has_total()) << finished.out;
}

/// The application may connect as our role: what that has done before a run is not the run's.
TEST_P(Queries, OfOurRoleBeforeARunAreNotOurs) {
  folder.write("0002_note.sql", "ALTER TABLE orders ADD COLUMN sum int;\n")
      .write("0003_drop.sql", k_drop_of_total);
  EXPECT_EQ(bring("2.0.0").code, 0);
  database.sql("SELECT sum(total) FROM orders");
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(apply(other, database, {}).code, 0);
  EXPECT_THAT(held("0003_drop.sql"), AllOf(HasSubstr("queries: public.orders.total was used"),
                                           HasSubstr("1 call: SELECT sum(total) FROM orders")));
  EXPECT_EQ(bring("3.0.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(bring("3.0.0").code, 0);
  EXPECT_FALSE(has_total());
}

/// Its name is a constant, of which the server keeps nothing; but a sequence that is where it was has given no value.
TEST_P(Queries, OfSomeSequenceMayBeOfTheOneThatIsDropped) {
  database.sql(
      cat("CREATE SEQUENCE sq; CREATE SEQUENCE other; CREATE SEQUENCE cached CACHE 10;"
          "CREATE SEQUENCE round CYCLE; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ",
          k_app));
  folder.write("0001a_note.sql", "CREATE TABLE notes (id int);\n");
  EXPECT_EQ(bring("1.1.0").code, 0);
  const auto held_by = [this](const std::string& sequence) {
    folder.write("0002_drop.sql", cat("-- pgsluice: phase=contract\nDROP SEQUENCE ", sequence, ";\n"));
    return held("0002_drop.sql");
  };
  EXPECT_EQ(held_by("cached"), "");
  app("SELECT nextval('other')");
  EXPECT_EQ(held_by("sq"), "");
  const std::string words =
      "queries: it may have given values, and a query asks a sequence, of which the server does not keep "
      "which, so it may use public.";
  EXPECT_THAT(held_by("other"), HasSubstr(cat(words, "other (--evidence queries=optional): ")));
  for (const char* unknown : {"cached", "round"}) EXPECT_THAT(held_by(unknown), HasSubstr(words)) << unknown;
  app("SELECT nextval('sq')");
  EXPECT_THAT(held_by("sq"), HasSubstr(words));
  EXPECT_EQ(held("0002_drop.sql", {"--evidence", "queries=optional"}), "");
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("SELECT nextval('other')");
  EXPECT_EQ(held_by("sq"), "") << "it has not moved since the last look";
  app("SELECT setval('sq', 1)");
  EXPECT_THAT(held_by("sq"), HasSubstr("it may have been set, and a query asks a sequence"));
  // Of one that was made since nothing is known.
  database.sql(cat("CREATE SEQUENCE fresh; GRANT ALL ON SEQUENCE fresh TO ", k_app));
  EXPECT_THAT(held_by("fresh"), HasSubstr(words));
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nDROP SEQUENCE sq;\n");
  app("SELECT last_value FROM sq");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: public.sq was used in"));
}

TEST_P(Queries, MayHideInCodeWhichSequenceTheyAsk) {
  database.sql(
      "CREATE SEQUENCE sq; CREATE FUNCTION nxt(n text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS "
      "'BEGIN RETURN nextval(n::regclass); END'");
  folder.write("0001a_note.sql", "CREATE TABLE notes (id int);\n");
  EXPECT_EQ(bring("1.1.0").code, 0);
  app("SELECT nxt('sq')");
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nDROP SEQUENCE sq;\n");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: public.sq has given values in"));
}

/// Of one with a cache nobody will ever know: somebody has to look.
TEST_P(Queries, OfSomeSequenceAreSettledBySomebodyWhoHasLooked) {
  database.sql(cat("CREATE SEQUENCE cached CACHE 10; GRANT ALL ON SEQUENCE cached TO ", k_app));
  folder.write("0001a_note.sql", "CREATE TABLE notes (id int);\n");
  EXPECT_EQ(bring("1.1.0").code, 0);
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nDROP SEQUENCE cached;\n");
  app("SELECT nextval('cached')");
  EXPECT_THAT(held("0002_drop.sql"),
              AllOf(HasSubstr("a query asks a sequence, of which the server does not keep which"),
                    HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
  EXPECT_EQ(bring("2.0.0", {"--approve", "0002_drop.sql"}).code, 0);
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_drop.sql'"), "applied");
}

/// From serial to identity in one file: the same INSERTs get a value before and after.
TEST_P(Queries, ThatLeaveOutWhatGetsAnotherDefaultAreNotAsked) {
  folder.write("0001a_note.sql", "CREATE TABLE notes (id bigserial PRIMARY KEY, what text);\n");
  EXPECT_EQ(bring("1.1.0").code, 0);
  database.sql(cat("GRANT ALL ON notes, notes_id_seq TO ", k_app));
  const std::string drop =
      "-- pgsluice: phase=contract\nALTER TABLE notes ALTER id DROP DEFAULT;\nDROP SEQUENCE notes_id_seq;\n";
  const std::string identity =
      "ALTER TABLE notes ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 100);\n";
  folder.write("0002_identity.sql", drop);
  app("INSERT INTO notes (what) VALUES ('a')");
  EXPECT_THAT(held("0002_identity.sql"), HasSubstr("queries: rows came without public.notes.id"));
  folder.write("0002_identity.sql", cat(drop, identity));
  EXPECT_EQ(held("0002_identity.sql"), "");
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("INSERT INTO notes (what) VALUES ('b')");
  EXPECT_EQ(database.sql("SELECT max(id) FROM notes"), "100");
  folder.write("0003_rename.sql",
               "-- pgsluice: phase=contract\nALTER SEQUENCE notes_id_seq RENAME TO ids;\n");
  EXPECT_THAT(held("0003_rename.sql"), Not(HasSubstr("has given values"))) << "the column says who asks";
}

TEST_P(Queries, AreKeptThoughASequenceIsLockedOrThereAreVeryMany) {
  const auto kept = [this] {
    return database.sql("SELECT taken_at FROM pgsluice.query_snapshot WHERE migration_id = ''");
  };
  const auto bring_something = [this](const std::string& release) {
    folder.write(cat("0001_", release, ".sql"), cat("CREATE TABLE \"", release, "\" (id int);\n"));
    EXPECT_EQ(bring(release).code, 0);
  };
  database.sql("CREATE SEQUENCE sq");
  bring_something("1.1.0");
  const std::string before = kept();
  const auto other = database.connect("hand");
  ASSERT_TRUE(other->script("BEGIN; ALTER SEQUENCE sq INCREMENT 2").ok);
  bring_something("1.2.0");
  const std::string beside = kept();
  EXPECT_NE(beside, before);
  ASSERT_TRUE(other->script("ROLLBACK").ok);
  database.sql("DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE 'CREATE SEQUENCE many_' || i; END LOOP; END $$");
  bring_something("1.3.0");
  EXPECT_NE(kept(), beside);
  EXPECT_EQ(database.sql("SELECT sequences::text FROM pgsluice.query_snapshot WHERE migration_id = ''"),
            "{}");
}

TEST_P(Queries, ThatLeaveOutWhatMustBeGivenHoldATighteningBack) {
  folder.write("0002_tighten.sql",
               "-- pgsluice: phase=contract\nALTER TABLE orders ALTER note SET NOT NULL;\n");
  app("SELECT note FROM orders");
  app("INSERT INTO orders (id, note) VALUES (1, 'n')");
  EXPECT_THAT(held("0002_tighten.sql"), Not(HasSubstr("queries")));
  app("INSERT INTO orders (id) VALUES (2)");
  EXPECT_THAT(held("0002_tighten.sql"), HasSubstr("queries: rows came without public.orders.note"));
}

TEST_P(Queries, OfARoleThatReadsEverythingCanBeLeftOut) {
  folder.write("0002_drop.sql", k_drop_of_total);
  app("COPY (SELECT total FROM orders) TO STDOUT");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: public.orders.total was used"));
  EXPECT_THAT(held("0002_drop.sql", {"--ignore-queries-of", std::string(k_app)}), IsEmpty());
}

TEST_P(Queries, ThatWereForgottenMakeItUnknown) {
  folder.write("0002_drop.sql", k_drop_of_total);
  app("SELECT total FROM orders");
  EXPECT_EQ(bring("2.0.0").code, 0);
  database.admin("SELECT pg_stat_statements_reset()");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("whether public.orders.total was used nobody can tell: "));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(recorded("verdict"), "unknown");
  EXPECT_THAT(held("0002_drop.sql"), IsEmpty()) << "from then on it is counted again";
  app("SELECT total FROM orders");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("was used"));
}

TEST_P(Queries, ThatNobodyCountsHoldNothingBackUnlessTheyMust) {
  folder.write("0002_drop.sql", k_drop_of_total);
  database.admin("DROP EXTENSION pg_stat_statements");
  EXPECT_THAT(held("0002_drop.sql"), IsEmpty());
  EXPECT_THAT(
      held("0002_drop.sql", {"--evidence", "queries=required"}),
      HasSubstr("queries: pg_stat_statements is not in this database: CREATE EXTENSION pg_stat_statements"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_FALSE(has_total());
}

TEST_P(Queries, ThatThisRoleMayNotSeeMakeItUnknown) {
  folder.write("0002_drop.sql", k_drop_of_total);
  database.admin(cat("REVOKE pg_read_all_stats FROM ", quote_ident(k_migrator)));
  const std::string words = held("0002_drop.sql");
  database.admin(cat("GRANT pg_read_all_stats TO ", quote_ident(k_migrator)));
  EXPECT_THAT(
      words,
      HasSubstr("queries: this role may not see the statements of others: GRANT pg_read_all_stats TO "));
  database.admin(cat("ALTER ROLE ", k_app, " SET pg_stat_statements.track = none"));
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("statements of pgsluice_test_app are not counted"));
  database.admin(cat("ALTER ROLE ", k_app, " RESET pg_stat_statements.track"));
  EXPECT_THAT(held("0002_drop.sql"), IsEmpty());
}

/// A first look has nothing to compare with, where no run has left anything behind.
TEST_P(Queries, NeedAnEarlierMoment) {
  folder.write("0002_drop.sql", k_drop_of_total);
  database.sql("DELETE FROM pgsluice.query_snapshot");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: there is no earlier moment to compare with yet"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_FALSE(has_total());
}

}  // namespace
}  // namespace pgsluice::test
