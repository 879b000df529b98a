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
#include "execute/harness.hpp"
#include "execute/workload.hpp"
#include "gate/query_target.hpp"
#include "pg/arrays.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::string_view k_app = "pgsluice_test_app";
constexpr std::string_view k_archivist = "pgsluice_test_archivist";

void make_role(Database& database, std::string_view role) {
  database.admin(
      cat("DO $$ BEGIN CREATE ROLE ", role, " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"));
}

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

class Queries : public ::testing::TestWithParam<Server> {
 protected:
  Queries() {
    make_role(database, k_app);
    database.admin("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()");
    folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);\n");
    EXPECT_EQ(bring("1.0.0").code, 0);
    database.sql(cat("GRANT ALL ON orders TO ", k_app));
  }

  Finished bring(const std::string& release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--release", release});
    return apply(folder, database, more);
  }
  /// As of a release that is still to come.
  OrderedJson status(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"status", folder.path().string(), "--format",    "json", "--release",
                                       "9.0.0",  "--database-url",       database.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(validate("schema/status.schema.json", Json::parse(finished.out)), IsEmpty());
    return finished.json();
  }
  /// "queries: words" for everything that holds the file back.
  std::string held(const std::string& id, const std::vector<std::string>& more = {}) {
    const OrderedJson document = status(more);
    std::string reasons;
    for (const OrderedJson& migration : document["migrations"]) {
      if (migration["id"] != id) continue;
      for (const OrderedJson& hold : migration["held"])
        reasons += cat(hold["reason"].get<std::string>(), ": ", hold["message"].get<std::string>(), "\n");
    }
    return reasons;
  }
  const std::vector<std::string> no_dependants = {"--evidence", "dependants=optional"};
  /// Why a contract step of this statement is held.
  std::string held_by(const std::string& statement, const std::vector<std::string>& more = {}) {
    folder.write("0002_drop.sql", cat("-- pgsluice: phase=contract\n", statement, ";\n"));
    return held("0002_drop.sql", more);
  }
  void app(const std::string& sql) {
    const auto session = database.connect("app", k_app);
    const SqlResult result = session->query(sql, {});
    EXPECT_TRUE(result.ok) << result.error.message;
  }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }
  std::string recorded(const std::string& what) {
    return database.sql(cat("SELECT ", what, " FROM pgsluice.gate WHERE provider = 'queries'"));
  }

  Database database{GetParam(), "queries"};
  Folder folder;
};

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

TEST_P(Queries, ThatGoThroughViewsAndFunctionsCountToo) {
  database.sql(
      cat("CREATE VIEW totals AS SELECT id, total AS t FROM orders; GRANT SELECT ON totals TO ", k_app));
  database.sql("CREATE FUNCTION sum_up() RETURNS bigint LANGUAGE sql AS 'SELECT sum(o.total) FROM orders o'");
  database.sql(
      "CREATE FUNCTION hidden() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(total) FROM "
      "orders); END'");
  folder.write("0002_drop.sql", k_drop_of_total);
  app("SELECT t FROM totals");
  app("SELECT sum_up()");
  app("SELECT hidden()");
  EXPECT_THAT(held("0002_drop.sql"), AllOf(HasSubstr("SELECT t FROM totals"), HasSubstr("SELECT sum_up()"),
                                           Not(HasSubstr("1 call: SELECT hidden()"))));
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("DO $$ BEGIN PERFORM count(*) FROM orders; END $$");
  EXPECT_THAT(held("0002_drop.sql"), Not(HasSubstr("queries: ")));
  app("DO $$ BEGIN PERFORM total FROM orders; END $$");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: the code of a DO block names it, so it may use"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("SELECT hidden()");
  EXPECT_THAT(held("0002_drop.sql"),
              HasSubstr("queries: a query runs public.hidden, whose code names it, so it may use"));
}

TEST_P(Queries, ThatCallWhatIsDroppedOrCastToItCount) {
  database.sql(
      "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';"
      "CREATE FUNCTION outer_calc() RETURNS int LANGUAGE sql AS 'SELECT calc(1)';"
      "CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END'; CREATE TYPE mood AS ENUM ('ok')");
  for (const char* drop : {"DROP FUNCTION calc(int)", "DROP PROCEDURE tidy()", "DROP TYPE mood"})
    EXPECT_EQ(held_by(drop, no_dependants), "") << drop;
  app("SELECT outer_calc()");
  app("CALL tidy()");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants),
              AllOf(HasSubstr("queries: function calc(int4) was used in"), HasSubstr("SELECT outer_calc()")));
  EXPECT_THAT(held_by("DROP PROCEDURE public.tidy()", no_dependants),
              AllOf(HasSubstr("queries: function public.tidy() was used in"), HasSubstr("CALL tidy()")));
  EXPECT_EQ(held_by("DROP TYPE mood", no_dependants), "");
  app("SELECT 'ok'::mood");
  EXPECT_THAT(held_by("DROP TYPE mood", no_dependants), HasSubstr("queries: type mood was used in"));
  app("SELECT calc(1)");
  app("SELECT calc(2)");
  database.sql("CREATE FUNCTION calc(text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
  EXPECT_THAT(
      held_by("DROP FUNCTION calc(int)", no_dependants),
      AllOf(HasSubstr("queries: a query calls public.calc, and another one of that name stays, so it may "
                      "use function calc(int4) (--evidence queries=optional): "),
            HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
  EXPECT_EQ(bring("2.0.0", {"--evidence", "dependants=optional", "--approve", "0002_drop.sql"}).code, 0);
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_drop.sql'"), "applied");
}

/// One of another number of arguments is not meant, and PostgreSQL's own comes first.
TEST_P(Queries, ThatCallAnotherOneOfTheSameNameAreNoUse) {
  database.sql(
      "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';"
      "CREATE FUNCTION calc(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 * $2';"
      "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT calc($1, 2)';"
      "CREATE FUNCTION lists(int, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT $1';"
      "CREATE FUNCTION lists(text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
      "CREATE FUNCTION more(int, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT $1 * $2';"
      "CREATE FUNCTION upper(text) RETURNS text LANGUAGE sql AS 'SELECT $1'");
  app("SELECT calc(1, 2), lists('a')");
  app("SELECT twice(1), upper('a')");
  for (const char* drop : {"DROP FUNCTION calc(int)", "DROP FUNCTION lists(int, int[])",
                           "DROP FUNCTION more(int, int)", "DROP FUNCTION public.upper(text)"})
    EXPECT_EQ(held_by(drop, no_dependants), "") << drop;
  EXPECT_THAT(held_by("DROP FUNCTION calc(int, int)", no_dependants),
              AllOf(HasSubstr("function calc(int4, int4) was used in"), HasSubstr("SELECT twice(")));
  EXPECT_THAT(held_by("DROP FUNCTION lists(text)", no_dependants), HasSubstr("was used in"));
  app("SELECT more(1), public.upper('a'), lists(1, 2, 3)");
  EXPECT_THAT(held_by("DROP FUNCTION more(int, int)", no_dependants), HasSubstr("was used in"));
  EXPECT_THAT(held_by("DROP FUNCTION public.upper(text)", no_dependants), HasSubstr("was used in"));
  EXPECT_THAT(held_by("DROP FUNCTION lists(int, int[])", no_dependants), HasSubstr("was used in"));
  EXPECT_EQ(held_by("DROP FUNCTION calc(int)", no_dependants), "");
  app("DO LANGUAGE 'plpgsql' $$ BEGIN PERFORM calc(1); END $$");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants),
              HasSubstr("the code of a DO block names it"));
  app("SELECT calc(1)");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants), HasSubstr("was used in"))
      << "no other one has one argument";
}

/// `o.gross` is gross(o), and a search_path may find another schema's.
TEST_P(Queries, ThatReadAFunctionAsAColumnUseIt) {
  database.admin("CREATE SCHEMA billing; GRANT ALL ON SCHEMA billing TO PUBLIC");
  database.sql(
      "CREATE FUNCTION gross(orders) RETURNS int LANGUAGE sql AS 'SELECT $1.total';"
      "CREATE FUNCTION note(int) RETURNS text LANGUAGE sql AS 'SELECT $1::text';"
      "CREATE FUNCTION billing.note(int) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
      "CREATE FUNCTION report() RETURNS TABLE (gross int) LANGUAGE sql AS 'SELECT 1';"
      "CREATE PROCEDURE tidy(int) LANGUAGE sql AS 'SELECT 1';"
      "CREATE PROCEDURE tidy(int, int) LANGUAGE sql AS 'SELECT 1'");
  app("SELECT o.note, (o).total FROM orders o");
  app("CALL tidy(1, 2)");
  for (const char* drop :
       {"DROP FUNCTION gross(orders)", "DROP FUNCTION note(int)", "DROP PROCEDURE tidy(int)"})
    EXPECT_EQ(held_by(drop), "") << drop;
  app("CALL tidy(1)");
  EXPECT_THAT(held_by("DROP PROCEDURE tidy(int)"), HasSubstr("was used in"));
  app("SELECT note(1)");
  EXPECT_THAT(held_by("DROP FUNCTION public.note(int)"),
              AllOf(HasSubstr("another one of that name stays"), HasSubstr("--approve 0002_drop.sql")));
  app("SELECT r.gross FROM report() r");
  EXPECT_THAT(held_by("DROP FUNCTION gross(orders)"),
              AllOf(HasSubstr("as a column of a row"), HasSubstr("--approve 0002_drop.sql")));
  app("SELECT id FROM orders WHERE orders.gross IS NULL");
  EXPECT_THAT(held_by("DROP FUNCTION gross(orders)"), HasSubstr("function gross(orders) was used in"));
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
