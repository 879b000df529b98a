// SPDX-License-Identifier: Apache-2.0
// plan and status of many databases at once, through the built program: each for itself, and all in one table.

#include <csignal>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "execute/server_process.hpp"
#include "support/kube_api.hpp"
#include "support/kube_objects.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view k_secret = "s3cret-word";

/// A socket of this machine. Unless it is given away, it takes connections and never says a word.
class Port {
 public:
  Port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t length = sizeof address;
    auto* generic =
        reinterpret_cast<sockaddr*>(&address);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    if (bind(socket_, generic, length) != 0 || getsockname(socket_, generic, &length) != 0 ||
        listen(socket_, 8) != 0) {
      throw std::runtime_error("cannot listen");
    }
    number_ = std::to_string(ntohs(address.sin_port));
  }
  ~Port() { give_away(); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  [[nodiscard]] const std::string& number() const { return number_; }
  /// Waits for a caller, and leaves it without an answer.
  [[nodiscard]] bool is_called() {
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 60'000) == 1;
  }
  void give_away() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

 private:
  int socket_;
  std::string number_;
};

class FleetOnServer : public ::testing::TestWithParam<Server> {
 protected:
  FleetOnServer() {
    folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n")
        .write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
        .write("0003_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n");
  }

  static std::string quoted(const std::string& text) { return cat("\"", escaped(text), "\""); }
  static std::string escaped(const std::string& text) {
    return replace_all(replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n");
  }
  static std::string target(const std::string& name, const std::string& key, const std::string& value) {
    return cat("[", quoted(name), "]\n", key, " = ", quoted(value), "\n");
  }
  std::string at(const Database& database) { return target(database.name(), "database-url", database.url()); }
  std::filesystem::path list(const std::string& toml) {
    elsewhere.write("fleet.toml", toml);
    return elsewhere.path() / "fleet.toml";
  }
  Finished look(const std::string& command, const std::string& toml, const std::vector<std::string>& more,
                std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> arguments{command, folder.path().string(), "--targets", list(toml).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Program program(arguments, environment);
    return program.wait();
  }
  /// The document, which must be what the schemas say, as must be what it holds of each database.
  OrderedJson document(const std::string& command, const std::string& toml, int code,
                       const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = look(command, toml, arguments);
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    expect_valid(command, Json::parse(finished.out));
    EXPECT_EQ(finished.json()["exit_code"], code);
    return finished.json();
  }
  static void expect_valid(const std::string& command, const Json& json) {
    EXPECT_THAT(validate("schema/fleet.schema.json", json), IsEmpty());
    for (const Json& target : json["targets"]) {
      if (target["document"].is_null()) continue;
      EXPECT_THAT(validate(cat("schema/", command, ".schema.json"), target["document"]), IsEmpty());
    }
  }
  void bring(Database& database, const std::string& release) {
    ASSERT_EQ(apply(folder, database, {"--release", release}).code, 0);
  }

  Folder folder;
  Folder elsewhere;
};

INSTANTIATE_TEST_SUITE_P(Servers, FleetOnServer, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FleetOnServer);

TEST_P(FleetOnServer, StatusShowsReleasesHeldStepsAndDriftSideBySide) {
  Database complete(GetParam(), "complete");
  Database behind(GetParam(), "behind");
  Database drifted(GetParam(), "drifted");
  Database fresh(GetParam(), "fresh");
  bring(complete, "2.0.0");
  bring(drifted, "2.0.0");
  drifted.sql(
      "UPDATE pgsluice.migration SET sha256 = repeat('0', 64), fingerprint = 'x' WHERE id = '0002_cents.sql';"
      "UPDATE pgsluice.migration SET id = '0003_old.sql' WHERE id = '0003_drop.sql'");
  Folder first;
  first.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));
  ASSERT_EQ(apply(first, behind, {"--release", "1.0.0"}).code, 0);
  const std::string toml =
      cat("# four of them\n", at(complete), "labels = [\"stage=production\", \"region=eu\"]\n", at(behind),
          at(drifted), at(fresh));

  const OrderedJson json = document("status", toml, 0, {"--release", "2.1.0"});
  ASSERT_EQ(json["targets"].size(), 4U);
  EXPECT_TRUE(json["worst"].is_null());
  EXPECT_EQ(json["targets"][0]["labels"]["region"], "eu");
  EXPECT_EQ(json["targets"][0]["release"], "2.0.0");
  EXPECT_EQ(json["targets"][0]["applied"], 3);
  EXPECT_EQ(json["targets"][0]["document"]["migrations"].size(), 3U);
  EXPECT_EQ(json["targets"][1]["release"], "1.0.0");
  EXPECT_EQ(json["targets"][1]["last_migration"], "0001_orders.sql");
  EXPECT_EQ(json["targets"][1]["pending"], 1);
  ASSERT_EQ(json["targets"][1]["held"].size(), 1U);
  EXPECT_EQ(json["targets"][1]["held"][0]["migration"], "0003_drop.sql");
  EXPECT_EQ(json["targets"][1]["held"][0]["held"][0]["reason"], "release");
  EXPECT_EQ(json["targets"][2]["drift"]["changed"], OrderedJson({"0002_cents.sql"}));
  EXPECT_EQ(json["targets"][2]["drift"]["missing"], OrderedJson({"0003_old.sql"}));
  EXPECT_EQ(json["targets"][3]["ledger"], false);
  EXPECT_TRUE(json["targets"][3]["last_migration"].is_null());

  const Finished text = look("status", toml, {});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("2.0.0 on 2 databases"), HasSubstr("nothing yet on 1 database"),
                    HasSubstr("changed since they were applied: 0002_cents.sql"),
                    HasSubstr("applied, and not in the folder: 0003_old.sql"), HasSubstr("exit 0")));
}

TEST_P(FleetOnServer, OneBrokenTargetIsOfNoConcernToTheOthers) {
  Database good(GetParam(), "good");
  Database foreign(GetParam(), "foreign");
  bring(good, "1.0.0");
  bring(foreign, "1.0.0");
  foreign.sql("UPDATE pgsluice.meta SET database_name = 'another'");
  Port silent;
  const std::string toml =
      cat(target("silent", "database-url", cat("host=127.0.0.1 connect_timeout=2 port=", silent.number())),
          target("gone", "database-url", "host=/nowhere dbname=x"),
          target("unset", "database-url-env", "PGSLUICE_NOT_SET"),
          target("no file", "database-url-file", "missing"), target("no service", "service", "missing"),
          at(foreign), at(good));
  const OrderedJson json = document("status", toml, 4, {"--jobs", "2"});
  std::map<std::string, int> codes;
  for (const OrderedJson& one : json["targets"]) codes[one["name"]] = one["exit_code"];
  EXPECT_EQ(codes, (std::map<std::string, int>{{"silent", 15},
                                               {"gone", 15},
                                               {"unset", 2},
                                               {"no file", 2},
                                               {"no service", 15},
                                               {"foreign", 4},
                                               {"good", 0}}));
  EXPECT_EQ(json["worst"], "foreign");
  EXPECT_EQ(json["targets"][6]["applied"], 3);
  EXPECT_TRUE(json["targets"][0]["document"].is_null());
  const Finished text = look("status", toml, {});
  EXPECT_THAT(text.out, AllOf(HasSubstr("PGSLUICE_NOT_SET is not set"),
                              HasSubstr("exit 4, as foreign: the worst of 6 targets")));
}

TEST_P(FleetOnServer, PlanSaysWhatApplyWouldDoToEachOfThem) {
  Database fresh(GetParam(), "fresh");
  Database drifted(GetParam(), "drifted");
  bring(drifted, "2.0.0");
  drifted.sql(
      "UPDATE pgsluice.migration SET sha256 = repeat('0', 64), fingerprint = 'x' WHERE id = "
      "'0002_cents.sql'");
  const std::string toml = cat(at(fresh), at(drifted));
  const OrderedJson json = document("plan", toml, 13);
  EXPECT_EQ(json["command"], "plan");
  EXPECT_EQ(json["targets"][0]["document"]["steps"].size(), 3U);
  EXPECT_EQ(json["targets"][1]["exit_code"], 13);
  EXPECT_THAT(json["targets"][1]["message"].get<std::string>(), HasSubstr("0002_cents.sql"));
  EXPECT_EQ(fresh.sql("SELECT to_regclass('orders') IS NULL"), "t");
  const std::filesystem::path output = elsewhere.path() / "plans.json";
  EXPECT_EQ(look("plan", toml, {"--format", "json", "--output", output.string()}).code, 13);
  expect_valid("plan", Json::parse(read_file(output)));
  EXPECT_EQ(apply(folder, fresh, {"--plan", output.string()}).code, 2) << "it is no plan for one database";
}

TEST_P(FleetOnServer, TakesPasswordsFromPlacesForSecretsAndShowsNone) {
  Database shop(GetParam(), "shop");
  bring(shop, "1.0.0");
  const std::string url = cat(shop.url(), " password='", k_secret, "'");
  elsewhere.write("url", cat(url, "\n"));
  elsewhere.write("pg_service.conf", cat("[shop]\ndbname=shop\npassword=", k_secret, "\n"));
  const std::string common = shop.url().substr(0, shop.url().find(" dbname="));
  const std::string toml = cat(
      target("by file", "database-url-file", "url"), target("by variable", "database-url-env", "SHOP_URL"),
      target("by service", "service", "shop"), target("gone", "database-url-env", "GONE_URL"));
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--format", "json"}, {}}) {
    std::vector<std::string> more{"--database-url", common};
    more.insert(more.end(), how.begin(), how.end());
    const Finished seen = look("status", toml, more,
                               {{"SHOP_URL", url},
                                {"GONE_URL", cat("postgresql://me:", k_secret, "@127.0.0.1:1/shop")},
                                {"PGSERVICEFILE", (elsewhere.path() / "pg_service.conf").string()}});
    EXPECT_EQ(seen.code, 15) << seen.err << seen.out;
    EXPECT_THAT(seen.out + seen.err, Not(HasSubstr(std::string(k_secret))));
    if (how.empty()) continue;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(seen.json()["targets"][i]["applied"], 3) << seen.out;
  }
  const Finished refused = look("status", target("careless", "database-url", url), {});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("fleet.toml:2: the database-url of \"careless\" has a password"),
                                 HasSubstr("database-url-file"), Not(HasSubstr(std::string(k_secret)))));
}

TEST_P(FleetOnServer, HostileNamesStayNamesAndTheTableFitsATerminal) {
  Database odd(GetParam(), "x\"; DROP TABLE victim; --\n'\\\x1b[2J");
  odd.sql("CREATE TABLE victim (x int)");
  bring(odd, "\x1b[31m2.0.0\n'; DROP TABLE victim; --");
  std::string toml = at(odd);
  for (int i = 0; i < 3; ++i) {
    toml += target(cat("a name that is much longer than any column of a table, number ", std::to_string(i)),
                   "database-url", odd.url());
  }
  Program program({"status", folder.path().string(), "--targets", list(toml).string()}, {{"COLUMNS", "80"}});
  const Finished shown = program.wait();
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("\\x1b[31m2.0.0"), Not(HasSubstr("\x1b"))));
  for (const std::string_view line : lines(shown.out)) EXPECT_LE(display_width(line), 80) << line;
  document("status", toml, 0);
  EXPECT_EQ(odd.sql("SELECT count(*) FROM victim"), "0");
}

TEST_P(FleetOnServer, EndsWhenAskedToWithWhatItHasSeen) {
  Database good(GetParam(), "good");
  Port silent;
  const std::string toml =
      cat(at(good), target("silent", "database-url", cat("host=127.0.0.1 port=", silent.number())),
          target("never reached", "database-url", good.url()));
  Program program({"-v", "status", folder.path().string(), "--jobs", "1", "--format", "json", "--targets",
                   list(toml).string()});
  ASSERT_TRUE(silent.is_called());
  program.kill(SIGTERM);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 143) << ended.err;
  EXPECT_EQ(ended.json()["targets"][0]["exit_code"], 0);
  EXPECT_EQ(ended.json()["targets"][2]["message"], "interrupted");
}

TEST_P(FleetOnServer, ASingleDatabaseThatSaysNothingIsNotWaitedForEither) {
  Port silent;
  Program program(
      {"status", folder.path().string(), "--database-url", cat("host=127.0.0.1 port=", silent.number())});
  ASSERT_TRUE(silent.is_called());
  program.kill(SIGTERM);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 143) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("interrupted"));
}

/// The Clusters of an API server, each on a server of its own that listens as CloudNativePG's do, over TCP.
TEST_P(FleetOnServer, FindsTheClustersOfCloudNativePgByLabel) {
  const Folder place;
  const std::string path = place.path().string();
  ASSERT_TRUE(make_cluster(GetParam(), place.path()));
  Port port;
  port.give_away();
  const ServerProcess server(
      GetParam(), {(programs_of(GetParam()) / "postgres").string(), "-D", path + "/data", "-p", port.number(),
                   "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"});
  const std::string common = cat("hostaddr=127.0.0.1 port=", port.number(), " user=postgres");
  ASSERT_TRUE(wait_until([&] {
    return run({"status", folder.path().string(), "--database-url", cat(common, " dbname=postgres")}).code ==
           0;
  }));
  KubeApi api;
  OrderedJson state = empty_state();
  for (const char* name : {"shop-eu", "shop-us"}) {
    OrderedJson cluster = database_cluster(name, "True", "2026-11-26T01:00:00Z");
    cluster["metadata"]["labels"]["fleet"] = "shop";
    cluster["spec"]["bootstrap"]["initdb"]["database"] = "postgres";
    if (std::string(name) == "shop-us") cluster["metadata"]["annotations"]["cnpg.io/hibernation"] = "on";
    add(state, "apis/postgresql.cnpg.io/v1", "clusters", cluster);
  }
  add(state, "apis/postgresql.cnpg.io/v1", "clusters", database_cluster("other", "True", ""));
  api.set(state);
  std::vector<std::string> arguments{
      "status", folder.path().string(), "--cnpg-selector", "fleet=shop", "--database-url", common, "--format",
      "json"};
  for (const std::string& option : api.options("shop")) arguments.push_back(option);
  const Finished seen = run(arguments);
  EXPECT_EQ(seen.code, 15) << seen.err << seen.out;
  const OrderedJson json = seen.json();
  expect_valid("status", Json::parse(seen.out));
  ASSERT_EQ(json["targets"].size(), 2U);
  EXPECT_EQ(json["targets"][0]["name"], "shop-eu");
  EXPECT_EQ(json["targets"][0]["exit_code"], 0) << json["targets"][0]["message"];
  EXPECT_EQ(json["targets"][0]["target"],
            cat("database postgres at shop-eu-rw.shop.svc:", port.number(), " as postgres"));
  EXPECT_THAT(json["targets"][1]["message"].get<std::string>(), HasSubstr("Cluster shop-us is hibernated"));
  state["forbidden"] = {"clusters"};
  api.set(state);
  const Finished refused = run(arguments);
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err,
              HasSubstr("apiGroups: [\"postgresql.cnpg.io\"], resources: [clusters], verbs: [list]"));
}

}  // namespace
}  // namespace pgsluice::test
