// SPDX-License-Identifier: Apache-2.0
// The known cases on the seven servers: the records are what these servers do, and the prediction on top of a
// snapshot of the fixture is as good as on top of its replay.
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <thread>

#include "catalog/read.hpp"
#include "oracle/observe.hpp"
#include "pg/connection.hpp"
#include "support/known_cases.hpp"

namespace pgsluice::oracle {
namespace {

using test::Difference;
using test::KnownCase;
using test::Record;

constexpr const char* k_template = "fixture";
constexpr const char* k_database = "appdb";  // cases name it

void make_template(const Server& server) {
  Session session(server, "postgres");
  session.run("SET allow_in_place_tablespaces = on");
  for (const char* role : {"app_owner", "app_reader", "app_writer", "leaver", "nobody"}) {
    session.try_run(std::string("CREATE ROLE ") + role);
  }
  session.try_run("CREATE TABLESPACE ts1 LOCATION ''");
  session.run(std::string("DROP DATABASE IF EXISTS ") + k_template);
  session.run(std::string("CREATE DATABASE ") + k_template);
  Session fixture(server, k_template);
  fixture.run(test::fixture_sql());
  fixture.run("VACUUM ANALYZE");
}

void make_database(const Server& server) {
  Session session(server, "postgres");
  // A case may end with PREPARE TRANSACTION; the database could not be dropped.
  const std::string left_over =
      std::string("SELECT gid FROM pg_prepared_xacts WHERE database = '") + k_database + "'";
  for (const auto& row : session.run(left_over)) {
    Session(server, k_database).run("ROLLBACK PREPARED '" + row[0] + "'");
  }
  session.run(std::string("DROP DATABASE IF EXISTS ") + k_database);
  session.run(std::string("CREATE DATABASE ") + k_database + " TEMPLATE " + k_template);
}

/// The catalog as `lint --catalog` would have it.
Catalog snapshot_of_fixture(const Server& server) {
  const pg::Conninfo conninfo =
      pg::read_conninfo("host=" + server.socket + " port=5432 user=postgres dbname=" + k_template);
  const Interrupt nobody;
  auto connected = pg::connect(conninfo, "oracle", pg::Access::any, nobody);
  if (const auto* failure = std::get_if<pg::ConnectFailure>(&connected)) {
    throw std::runtime_error(failure->message);
  }
  const Snapshot snapshot = read_snapshot(*std::get<std::unique_ptr<pgsluice::Session>>(connected), {});
  return make_catalog(parse_snapshot(write_snapshot(snapshot), "snapshot.json"));
}

/// schema.name of a record, with the quotes of the catalog.
std::string quoted(const std::string& raw) {
  const std::size_t dot = raw.find('.');
  return quote_ident(raw.substr(0, dot)) + "." + quote_ident(raw.substr(dot + 1));
}

std::set<std::string> quoted(const std::set<std::string>& names) {
  std::set<std::string> result;
  for (const std::string& name : names) result.insert(quoted(name));
  return result;
}

/// What a record speaks of.
bool counts(const std::string& name, const ObservedLock& lock, const Observation& observed) {
  return !lock.is_new && !observed.made_before.contains(name) && !name.starts_with("pg_temp.") &&
         std::string_view("rpfvmS").find(lock.relkind) != std::string_view::npos;
}

void compare_locks(const Record& record, const Observation& observed, std::vector<Difference>& differences) {
  std::map<std::string, std::string> expected;
  for (const auto& [name, mode] : record.locks) {
    const auto held = record.held.find(name);
    const std::string& at_end = held != record.held.end() ? held->second : mode;
    if (!at_end.empty()) expected[quoted(name)] = at_end;
  }
  for (const auto& [name, lock] : observed.locks) {
    if (!counts(name, lock, observed) || observed.held_before.contains(name)) continue;
    const auto found = expected.find(name);
    const std::string recorded = found != expected.end() ? found->second : "none";
    if (recorded != lock_name(lock.mode)) {
      differences.push_back({.what = "lock of " + name,
                             .predicted = recorded,
                             .observed = std::string(lock_name(lock.mode)),
                             .under = true});
    }
  }
  for (const auto& [name, mode] : expected) {
    if (observed.locks.contains(name)) continue;
    differences.push_back({.what = "lock of " + name, .predicted = mode, .observed = "none", .under = false});
  }
}

std::vector<Difference> compare(const Record& record, const Observation& observed) {
  std::vector<Difference> differences;
  compare_locks(record, observed, differences);
  test::compare_names("rewrites", quoted(record.rewrites), observed.rewrites, {}, differences);
  test::compare_names("index builds", quoted(record.index_builds), observed.index_builds, {}, differences);
  return differences;
}

/// Runs cases on one server. A database is used again only after a case that was rolled back.
class CaseRunner {
 public:
  explicit CaseRunner(const Server& server) : server_(server) {}

  /// How the server differs from the record; nothing when it does not.
  std::string run(const KnownCase& known, const Record& record) {
    if (!clean_) make_database(server_);
    clean_ = false;
    for (const std::string& setup : known.setup) Session(server_, k_database).try_run(setup);
    Session session(server_, k_database);
    session.run("SET statement_timeout = '30s'");
    for (const std::string& setting : known.session) session.run(setting);
    std::string said =
        known.transaction ? in_transaction(session, known, record) : alone(session, known, record);
    clean_ = known.transaction && known.setup.empty();
    return said;
  }

 private:
  static std::string in_transaction(Session& session, const KnownCase& known, const Record& record) {
    const Observation observed = observe_in_transaction(session, known.pre, test::joined(known.statements));
    if (observed.error || !record.error.empty()) return compare_errors(record, observed.error);
    return test::describe(compare(record, observed));
  }

  /// It runs, or fails as recorded; what it locks meanwhile is proved by the rows' own examples.
  static std::string alone(Session& session, const KnownCase& known, const Record& record) {
    std::optional<std::string> error;
    for (const std::string& statement : known.statements) {
      error = session.try_run(statement);
      if (error) break;
    }
    return compare_errors(record, error);
  }

  static std::string compare_errors(const Record& record, const std::optional<std::string>& error) {
    const std::string state = error ? error->substr(0, 5) : "";
    if (state == record.error) return {};
    return "    error recorded " + (record.error.empty() ? "none" : record.error) + ", observed " +
           error.value_or("none") + "\n";
  }

  Server server_;
  bool clean_ = false;
};

/// A case that needs a database of its own costs a hundred times one that is rolled back: it is run on the oldest and the
/// newest of the versions that do the same.
bool is_run_on(const KnownCase& known, const Record& record, int version) {
  if (known.transaction && known.setup.empty()) return true;
  return version == *record.versions.begin() || version == *record.versions.rbegin();
}

/// The records that one server does not keep.
std::string broken_records(const Server& server) {
  std::string problems;
  CaseRunner runner(server);
  for (const KnownCase& known : test::known_cases()) {
    const Record* record = known.record(server.version);
    if (record == nullptr || !is_run_on(known, *record, server.version)) continue;
    std::string said;
    try {
      said = runner.run(known, *record);
    } catch (const std::exception& error) {
      // A case whose setup is not possible on this version says nothing about the case.
      if (record->error.empty()) said = "    " + std::string(error.what()) + "\n";
    }
    if (!said.empty()) problems += "  " + known.id + "\n" + said;
  }
  return problems;
}

/// On every server at once; what one throws is its answer.
std::vector<std::string> on_every_server(const std::vector<Server>& all,
                                         const std::function<std::string(const Server&)>& work) {
  std::vector<std::string> answers(all.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&, i] {
      try {
        answers[i] = work(all[i]);
      } catch (const std::exception& error) {
        answers[i] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return answers;
}

class KnownCasesOnServers : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const std::string& problem : on_every_server(servers(), [](const Server& server) {
           make_template(server);
           return std::string();
         })) {
      ASSERT_EQ(problem, "");
    }
  }
  void SetUp() override {
    ASSERT_FALSE(servers().empty())
        << "no server in PGSLUICE_TEST_SERVERS: run this with scripts/test oracle";
  }
};

TEST_F(KnownCasesOnServers, AreAsThePredictionSaysBySnapshot) {
  test::KnownSummary summary("snapshot");
  for (const Server& server : servers()) {
    const Catalog fixture = snapshot_of_fixture(server);
    for (const KnownCase& known : test::known_cases()) {
      const Record* record = known.record(server.version);
      if (record == nullptr || !record->error.empty()) continue;
      summary.add(known, server.version, judge(known, *record, server.version, fixture));
    }
  }
  std::cout << summary.table();
  EXPECT_EQ(summary.problems(), "");
}

TEST_F(KnownCasesOnServers, AreRecordedAsTheServersDo) {
  const std::vector<Server> all = servers();
  const std::vector<std::string> problems = on_every_server(all, broken_records);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(problems[i], "") << "PostgreSQL " << all[i].version << " does not do what is recorded";
  }
}

}  // namespace
}  // namespace pgsluice::oracle
