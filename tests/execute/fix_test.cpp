// SPDX-License-Identifier: Apache-2.0
// Safe forms on real servers: the same schema and the same rows in the end as the original gives, and no statement that
// works for long while a lock keeps readers or writers out.
#include <algorithm>
#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A migration that keeps others out, on tables with rows.
struct Case {
  std::string_view name;
  std::string_view fix;  ///< the kind that must have a part in it
  std::string_view sql;
  std::string more = {};        ///< what else is there before it
  int since = 12;               ///< major that has the statement
  bool works = true;            ///< whether the server says that the original works under its lock
  std::string_view after = {};  ///< takes away what the safe form alone leaves
};

constexpr std::string_view k_tables = R"(
  CREATE TABLE u (id int PRIMARY KEY, label text);
  INSERT INTO u SELECT i, 'u' || i FROM generate_series(1, 50) i;
  CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, u_id int, note text, "C d" numeric);
  INSERT INTO t SELECT i, i, i % 7, 1 + i % 50, 'n' || i, i / 3.0 FROM generate_series(1, 300) i;
)";

// Two levels, names that need quotes, and an index that a partition has already.
constexpr std::string_view k_partitioned = R"(
  CREATE TABLE "P q" (k int, a int, b int) PARTITION BY LIST (k);
  CREATE TABLE q1 PARTITION OF "P q" FOR VALUES IN (1);
  CREATE TABLE q2 PARTITION OF "P q" FOR VALUES IN (2) PARTITION BY RANGE (a);
  CREATE TABLE q21 PARTITION OF q2 FOR VALUES FROM (0) TO (100);
  CREATE TABLE "q 22" PARTITION OF q2 DEFAULT;
  CREATE INDEX own ON q1 (a DESC);
  INSERT INTO "P q" SELECT 1 + i % 2, i, i FROM generate_series(1, 300) i;
)";

// A partition has the key already, and another one an index that is no constraint.
constexpr std::string_view k_with_keys = R"(
  ALTER TABLE q1 ADD CONSTRAINT "own U" UNIQUE (a, k);
  CREATE UNIQUE INDEX bare ON q21 (a, k);
)";

constexpr std::string_view k_referenced = R"(
  INSERT INTO u SELECT i, 'u' || i FROM generate_series(51, 300) i;
  CREATE TABLE v (id int PRIMARY KEY) PARTITION BY RANGE (id);
  CREATE TABLE v1 PARTITION OF v FOR VALUES FROM (0) TO (100);
  CREATE TABLE "V 2" PARTITION OF v DEFAULT;
  INSERT INTO v SELECT generate_series(1, 300);
  ALTER TABLE "P q" ADD CONSTRAINT "P q_pkey" PRIMARY KEY (k, a);
)";

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"CreateIndex", "concurrently",
       "CREATE INDEX t_a ON t (a) WHERE b > 2; CREATE UNIQUE INDEX \"T b\" ON t (id, b);"},
      {"DropIndex", "concurrently", "DROP INDEX t_a, t_b;",
       "CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b);", 12, false},
      {"ReindexTable", "concurrently", "REINDEX TABLE t;", "CREATE INDEX t_a ON t (a);"},
      {"ReindexIndex", "concurrently", "REINDEX INDEX t_a;", "CREATE INDEX t_a ON t (a);"},
      {"Refresh", "concurrently", "REFRESH MATERIALIZED VIEW m;",
       "CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t; CREATE UNIQUE INDEX m_id ON m (id); UPDATE t SET "
       "a = a + 1;",
       12, true},
      {"DetachPartition", "concurrently", "ALTER TABLE p DETACH PARTITION p1;",
       "CREATE TABLE p (k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); "
       "CREATE TABLE p2 "
       "PARTITION OF p FOR VALUES IN (2); INSERT INTO p VALUES (1), (2);",
       14, false, "ALTER TABLE p1 DROP CONSTRAINT p1_k_check"},
      {"PartitionedIndex", "concurrently",
       "CREATE UNIQUE INDEX ON \"P q\" USING btree (k, a, (b + 1)) INCLUDE (b) WITH (fillfactor = 70) WHERE "
       "b > 0; "
       "CREATE INDEX q_b ON ONLY public.\"P q\" (b); CREATE INDEX q_a ON public.\"P q\" (a DESC);",
       std::string(k_partitioned)},
      {"PartitionedPrimaryKey", "using-index", "ALTER TABLE \"P q\" ADD PRIMARY KEY (k, a);",
       std::string(k_partitioned)},
      {"PartitionedUnique", "using-index",
       "ALTER TABLE public.\"P q\" ADD CONSTRAINT \"U k\" UNIQUE (a, k) INCLUDE (b) DEFERRABLE, ADD UNIQUE "
       "(k, "
       "a);",
       std::string(k_partitioned)},
      {"PartitionedUniqueTaken", "using-index", "ALTER TABLE \"P q\" ADD UNIQUE (a, k) INITIALLY DEFERRED;",
       cat(k_partitioned, k_with_keys)},
      {"PartitionedForeignKey", "not-valid",
       "ALTER TABLE \"P q\" ADD FOREIGN KEY (b) REFERENCES u ON DELETE SET NULL DEFERRABLE;",
       cat(k_partitioned, k_referenced)},
      {"PartitionedForeignKeyToPartitions", "not-valid",
       "ALTER TABLE public.\"P q\" ADD CONSTRAINT \"to V\" FOREIGN KEY (b) REFERENCES v ON UPDATE CASCADE;",
       cat(k_partitioned, k_referenced), 13},
      {"PartitionedForeignKeyToItself", "not-valid",
       "ALTER TABLE \"P q\" ADD FOREIGN KEY (k, b) REFERENCES \"P q\" (k, a);",
       cat(k_partitioned, k_referenced), 13},
      {"AddCheck", "not-valid",
       "ALTER TABLE t ADD CHECK (b >= 0), ADD CONSTRAINT \"two 's\" CHECK (note <> ',; ADD');"},
      {"AddForeignKey", "not-valid",
       "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u ON DELETE SET NULL DEFERRABLE;"},
      {"AddColumnReferences", "not-valid",
       "ALTER TABLE t ADD COLUMN v int DEFAULT 1 CONSTRAINT v_key REFERENCES u (id);"},
      {"AddUnique", "using-index",
       "ALTER TABLE t ADD UNIQUE (a, b), ADD CONSTRAINT tn UNIQUE (note) DEFERRABLE;"},
      {"AddPrimaryKey", "using-index", "ALTER TABLE w ADD PRIMARY KEY (k, \"L\");",
       "CREATE TABLE w (k int, \"L\" int); INSERT INTO w SELECT i, i FROM generate_series(1, 100) i;"},
      {"SetNotNull", "set-not-null",
       "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ALTER \"C d\" SET NOT NULL;"},
      {"VolatileDefault", "add-default",
       "ALTER TABLE t ADD COLUMN c float8 NOT NULL DEFAULT random(), ADD COLUMN d int DEFAULT 3;"},
      {"ChangeType", "change-type",
       "ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE u ALTER label TYPE varchar(9) USING 'x' || label;"},
      {"ChangeTypeNotNull", "change-type", "ALTER TABLE t ALTER COLUMN b SET DATA TYPE text;"},
      {"SplitTransaction", "split-transaction",
       "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ADD CONSTRAINT c CHECK (b >= 0) NOT VALID; ALTER TABLE "
       "t VALIDATE "
       "CONSTRAINT c;"},
      {"Batches", "batches", "UPDATE t SET note = note || '!' WHERE b > 2; DELETE FROM u WHERE id > 40;", "",
       12, false},
      {"OwnTransactions", "no-transaction",
       "BEGIN; ALTER TABLE t ADD CHECK (b >= 0); CREATE INDEX t_a ON t (a); ALTER TABLE u ADD COLUMN x int; "
       "COMMIT;"},
  };
  return all;
}

class FixOnServers : public ::testing::TestWithParam<std::tuple<Server, Case>> {
 protected:
  [[nodiscard]] const Server& server() const { return std::get<0>(GetParam()); }
  [[nodiscard]] const Case& one() const { return std::get<1>(GetParam()); }
};

std::vector<Server> some_servers() {
  return servers({12, 14, 18});
}

INSTANTIATE_TEST_SUITE_P(Kinds, FixOnServers,
                         ::testing::Combine(::testing::ValuesIn(some_servers()),
                                            ::testing::ValuesIn(cases())),
                         [](const auto& info) {
                           return cat(std::get<1>(info.param).name, "_v",
                                      std::to_string(std::get<0>(info.param).major));
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FixOnServers);

/// Everything that a migration can make, by name; the order of columns is that of their making, and left out.
std::string schema_of(Database& database) {
  return database.sql(R"(
    SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
      SELECT format('relation %s %s', c.oid::regclass, c.relkind) AS line FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
      UNION ALL SELECT format('column %s.%I %s not null %s default %s', a.attrelid::regclass, a.attname,
          format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT format('%s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid) FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
      UNION ALL SELECT format('constraint %I of %s %s %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid),
          convalidated, condeferrable)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT format('trigger %I of %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT format('partition %s of %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
      UNION ALL SELECT format('function %s', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace) x)");
}

/// All rows of all tables, whatever the order of columns; what is random counts as there or not.
std::string rows_of(Database& database) {
  std::string all;
  const std::string tables = database.sql(
      "SELECT string_agg(oid::regclass::text, E'\\n' ORDER BY relname) FROM pg_class WHERE relnamespace = "
      "'public'::regnamespace AND relkind IN ('r', 'm')");
  for (const std::string_view table : lines(tables)) {
    all +=
        cat(table, ": ",
            database.sql(cat(
                "SELECT string_agg(j::text, ' ' ORDER BY j::text) FROM (SELECT (SELECT jsonb_object_agg(key, "
                "CASE WHEN key = 'c' AND value <> 'null' THEN '\"some\"' ELSE value END) FROM "
                "jsonb_each(to_jsonb(x))) AS j FROM ",
                table, " x) y")),
            "\n");
  }
  return all;
}

/// What is done on tables that others cannot write to meanwhile.
class Observer {
 public:
  explicit Observer(Session& session) : session_(session) {
    session_.script("SET client_min_messages = debug1");
  }

  void run(const FileAnalysis& file) {
    const bool own = std::ranges::any_of(file.script.statements, [](const Statement& statement) {
      return statement.tag == "TransactionStmt";
    });
    for (const Reading::Block& block : blocks_of(file)) {
      const bool whole = !own && block.transaction == FileTransaction::one;
      if (whole) expect_ok("BEGIN");
      for (const Statement* statement : statements_of(file, block))
        observe(std::string(file.script.text(statement->range)));
      if (whole) expect_ok("COMMIT");
    }
  }
  [[nodiscard]] const std::vector<std::string>& seen() const { return seen_; }

 private:
  static std::vector<const Statement*> statements_of(const FileAnalysis& file, const Reading::Block& block) {
    std::vector<const Statement*> statements;
    for (const Statement& statement : file.script.statements) {
      if (statement.range.begin >= block.range.begin && statement.range.begin < block.range.end)
        statements.push_back(&statement);
    }
    return statements;
  }

  /// Several statements in one message are one transaction, too.
  static std::vector<Reading::Block> blocks_of(const FileAnalysis& file) {
    const std::shared_ptr<const Reading>& reading = file.script.source.reading;
    if (reading == nullptr || reading->blocks.empty()) {
      return {{.range = {.begin = 0, .end = file.script.source.text.size()},
               .transaction = file.directives.transaction.value_or(FileTransaction::one)}};
    }
    std::vector<Reading::Block> blocks = reading->blocks;
    for (Reading::Block& block : blocks) {
      if (block.transaction == FileTransaction::message && statements_of(file, block).size() > 1)
        block.transaction = FileTransaction::one;
    }
    return blocks;
  }

  void expect_ok(const std::string& sql) {
    const SqlResult result = session_.query(sql, {});
    EXPECT_TRUE(result.ok) << sql << ": " << result.error.message;
  }

  void observe(const std::string& sql) {
    session_.take_notices();
    expect_ok(sql);
    const std::vector<Notice> notices = session_.take_notices();
    if (!session_.in_transaction() || std::ranges::none_of(notices, is_work)) return;
    const std::string locks =
        session_
            .query(
                "SELECT string_agg(relation::regclass || ' ' || mode, ', ') FROM pg_locks l JOIN pg_class c "
                "ON c.oid = "
                "l.relation WHERE l.pid = pg_backend_pid() AND l.granted AND c.relkind IN ('r', 'p', 'm') "
                "AND "
                "c.relnamespace = 'public'::regnamespace AND mode IN ('ShareLock', 'ShareRowExclusiveLock', "
                "'ExclusiveLock', 'AccessExclusiveLock') AND NOT (c.relkind = 'm' AND mode = "
                "'ExclusiveLock')",
                {})
            .text(0, 0);
    if (!locks.empty()) seen_.push_back(cat(sql, " under ", locks));
  }

  static bool is_work(const Notice& notice) {
    for (const std::string_view begin :
         {"rewriting table", "verifying table", "building index", "validating foreign key"})
      if (notice.message.starts_with(begin)) return true;
    return false;
  }

  Session& session_;
  std::vector<std::string> seen_;
};

std::vector<std::string> work_under_locks(const Folder& folder, Database& database) {
  const auto session = database.connect("observed");
  Observer observer(*session);
  for (Migration& migration : discover(folder.path())) observer.run(parse(std::move(migration)));
  return observer.seen();
}

void fix_files(const Folder& folder, const Database& database, std::string_view kind) {
  const Finished fixed =
      run({"fix", "--write", "--catalog", "live", "--database-url", database.url(), folder.path().string()});
  ASSERT_EQ(fixed.code, 0) << fixed.err;
  EXPECT_THAT(fixed.err, HasSubstr(cat(" ", kind)));
  EXPECT_THAT(fixed.err, Not(HasSubstr("left alone")));
}

std::string text_of(const Folder& folder) {
  std::string all;
  for (const Migration& migration : discover(folder.path()))
    all += cat("== ", migration.id, "\n", migration.source.text);
  return all;
}

TEST_P(FixOnServers, TheEndIsTheSameAndNobodyIsKeptOutOnTheWay) {
  if (server().major < one().since) return;
  const std::string before = cat(k_tables, one().more);

  Database original(server(), "fix_original");
  original.sql(before);
  Folder unsafe;
  unsafe.write("0001_it.sql", one().sql);
  const std::vector<std::string> dangers = work_under_locks(unsafe, original);
  EXPECT_EQ(!dangers.empty(), one().works) << "the original is no danger, or this test does not see it";

  Database observed(server(), "fix_observed");
  observed.sql(before);
  Folder folder;
  folder.write("0001_it.sql", one().sql);
  fix_files(folder, observed, one().fix);
  EXPECT_THAT(work_under_locks(folder, observed), IsEmpty()) << text_of(folder);
  if (!one().after.empty()) observed.sql(one().after);
  EXPECT_EQ(schema_of(observed), schema_of(original)) << text_of(folder);
  EXPECT_EQ(rows_of(observed), rows_of(original)) << text_of(folder);

  Database applied(server(), "fix_applied");
  applied.sql(before);
  for (int release = 1; release <= 2; ++release) {  // a contract step waits for the next one
    const Finished done = apply(folder, applied, {"--release", cat(std::to_string(release), ".0")});
    ASSERT_EQ(done.code, 0) << done.err << done.out << text_of(folder);
  }
  EXPECT_EQ(applied.sql("SELECT count(*) FROM pgsluice.migration WHERE state <> 'applied'"), "0")
      << text_of(folder);
  if (!one().after.empty()) applied.sql(one().after);
  EXPECT_EQ(schema_of(applied), schema_of(original)) << text_of(folder);
  EXPECT_EQ(rows_of(applied), rows_of(original)) << text_of(folder);
}

// ---- files of migration tools ----------------------------------------------------------------------------------------

struct ToolCase {
  std::string_view tool;
  std::string_view project;  ///< a file that says whose the folder is
  std::string_view project_text;
  std::string_view file;
  std::string_view before = {};  ///< the statements
  std::string_view behind = {};
};
constexpr std::array<ToolCase, 10> k_tools{{
    {.tool = "sqlx", .project = "Cargo.toml", .project_text = "sqlx = \"0.8\"", .file = "0003_it.sql"},
    {.tool = "golang-migrate",
     .project = "go.mod",
     .project_text = "require github.com/golang-migrate/migrate/v4 v4.18.1",
     .file = "0003_it.up.sql"},
    {.tool = "prisma",
     .project = "migration_lock.toml",
     .project_text = "provider = \"postgresql\"",
     .file = "20240103000000_it/migration.sql"},
    {.tool = "refinery", .project = "Cargo.toml", .project_text = "refinery = \"0.8\"", .file = "V3__it.sql"},
    {.tool = "goose",
     .project = "go.mod",
     .project_text = "require github.com/pressly/goose/v3 v3.26.0",
     .file = "00003_it.sql",
     .before = "-- +goose Up\n",
     .behind = "\n-- +goose Down\nDROP TABLE t, u;\n"},
    {.tool = "dbmate",
     .project = "schema.txt",
     .project_text = "",
     .file = "20240103000000_it.sql",
     .before = "-- migrate:up\n",
     .behind = "\n-- migrate:down\nDROP TABLE t, u;\n"},
    {.tool = "flyway", .project = "flyway.toml", .project_text = "", .file = "V3__it.sql"},
    {.tool = "diesel", .project = "diesel.toml", .project_text = "", .file = "2024-01-03-000000_it/up.sql"},
    {.tool = "atlas", .project = "atlas.sum", .project_text = "h1:…", .file = "20240103000000_it.sql"},
    {.tool = "liquibase",
     .project = "liquibase.properties",
     .project_text = "",
     .file = "3.sql",
     .before = "--liquibase formatted sql\n\n--changeset \"A b\":1 labels:x\n",
     .behind = "--rollback DROP TABLE t, u;\n"},
}};

constexpr std::string_view k_for_tools =
    "CREATE INDEX t_a ON t (a);\nCREATE INDEX \"T b\" ON t (b);\nALTER TABLE t ADD COLUMN n int;\n"
    "ALTER TABLE t ADD CHECK (b >= 0);\nALTER TABLE t ADD UNIQUE (id, a);\n"
    "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u;\n";

/// What a tool runs as one: a file, or a changeset.
std::size_t count_units(const Folder& folder) {
  std::size_t count = 0;
  for (const Migration& migration : discover(folder.path())) count += migration.source.reading->blocks.size();
  return count;
}

/// As the tools do it: a file is one message, in a transaction unless the tool has been told.
void run_like_tool(const Folder& folder, Database& database) {
  const auto session = database.connect("tool");
  for (const Migration& migration : discover(folder.path())) {
    for (const Reading::Block& block : migration.source.reading->blocks) {
      const bool whole = block.transaction == FileTransaction::one;
      // Without the way back.
      const std::string text =
          migration.source.text.substr(block.range.begin, block.range.end - block.range.begin);
      if (whole) session->script("BEGIN");
      const SqlResult result = session->script(text);
      EXPECT_TRUE(result.ok) << migration.id << ": " << result.error.message << "\n" << text;
      if (whole) session->script("COMMIT");
    }
  }
}

class FixOfTools : public ::testing::TestWithParam<std::tuple<Server, ToolCase>> {};
INSTANTIATE_TEST_SUITE_P(Tools, FixOfTools,
                         ::testing::Combine(::testing::ValuesIn(some_servers()),
                                            ::testing::ValuesIn(k_tools)),
                         [](const auto& info) {
                           return cat(replace_all(std::get<1>(info.param).tool, "-", "_"), "_v",
                                      std::to_string(std::get<0>(info.param).major));
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FixOfTools);

TEST_P(FixOfTools, TheToolItselfRunsTheSafeFormToTheSameEnd) {
  const auto& [server, tool] = GetParam();
  Database original(server, "fix_original");
  original.sql(cat(k_tables, k_for_tools));

  Folder folder;
  folder.write(std::string(tool.project), tool.project_text);
  std::filesystem::create_directories((folder.path() / tool.file).parent_path());
  folder.write(std::string(tool.file), cat(tool.before, k_for_tools, tool.behind));
  Database observed(server, "fix_observed");
  observed.sql(std::string(k_tables));
  EXPECT_EQ(discover(folder.path()).front().tool, tool.tool);
  EXPECT_FALSE(work_under_locks(folder, observed).empty()) << "the original is no danger";

  Database ran(server, "fix_ran");
  ran.sql(std::string(k_tables));
  fix_files(folder, ran, "concurrently");
  EXPECT_GT(count_units(folder), 3U) << text_of(folder);
  run_like_tool(folder, ran);
  EXPECT_EQ(schema_of(ran), schema_of(original)) << text_of(folder);
  EXPECT_EQ(rows_of(ran), rows_of(original)) << text_of(folder);

  Database safe(server, "fix_safe");
  safe.sql(std::string(k_tables));
  EXPECT_THAT(work_under_locks(folder, safe), IsEmpty()) << text_of(folder);
}

class FixOfAnEnum : public ::testing::TestWithParam<Server> {};
INSTANTIATE_TEST_SUITE_P(Servers, FixOfAnEnum, ::testing::ValuesIn(some_servers()), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FixOfAnEnum);

TEST_P(FixOfAnEnum, MakesRunWhatTheServerRefuses) {
  Database database(GetParam(), "fix_enum");
  database.sql(
      "CREATE TYPE \"Mood\" AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, m \"Mood\"); INSERT INTO t "
      "VALUES (1, "
      "'a')");
  const std::string sql = "ALTER TYPE \"Mood\" ADD VALUE 'it''s';\nUPDATE t SET m = 'it''s' WHERE id = 1;\n";
  const SqlResult refused = database.connect("original")->script(cat("BEGIN; ", sql, "COMMIT"));
  EXPECT_EQ(refused.error.sqlstate, "55P04");

  Folder folder;
  folder.write("0001_it.sql", sql);
  fix_files(folder, database, "commit-first");
  EXPECT_EQ(discover(folder.path()).size(), 2U) << text_of(folder);
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err << done.out << text_of(folder);
  EXPECT_EQ(database.sql("SELECT m FROM t"), "it's");
}

}  // namespace
}  // namespace pgsluice::test
