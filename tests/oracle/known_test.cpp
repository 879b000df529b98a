// SPDX-License-Identifier: Apache-2.0
// The known cases on top of a snapshot of the fixture, taken from each of the seven servers: as exact as on top of its
// replay.
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <thread>

#include "catalog/read.hpp"
#include "oracle/session.hpp"
#include "pg/connection.hpp"
#include "support/known_cases.hpp"

namespace pgsluice::oracle {
namespace {

using test::KnownCase;
using test::Record;

constexpr const char* k_template = "fixture";

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

}  // namespace
}  // namespace pgsluice::oracle
