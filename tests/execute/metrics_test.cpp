// SPDX-License-Identifier: Apache-2.0
// Where a run's numbers go: a file, and a push gateway.

#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/metrics.hpp"
#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Metrics : public ::testing::TestWithParam<Server> {
 protected:
  Metrics() { folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);\n"); }
  Database database{GetParam(), "t"};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Metrics, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Metrics);

/// Listens on loopback, hears one request, and gives one answer.
class Gateway {
 public:
  explicit Gateway(std::string answer) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, size) != 0 || listen(listener_, 1) != 0 ||
        getsockname(listener_, any, &size) != 0)
      throw std::runtime_error("no socket to listen on");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~Gateway() {
    shutdown(listener_, SHUT_RDWR);  // whoever waits for a request that never came
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] std::string address() const { return cat("127.0.0.1:", std::to_string(port_)); }
  /// What it was told.
  std::string heard() {
    thread_.join();
    return heard_;
  }

 private:
  void serve(const std::string& answer) {
    const int peer = accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    std::array<char, 4096> buffer{};
    // The last line of the body is one of the step.
    while (heard_.find("worst_victim_seconds{") == std::string::npos) {
      const ssize_t count = recv(peer, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      heard_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(peer);
  }

  int listener_;
  int port_ = 0;
  std::string heard_;
  std::thread thread_;
};

TEST_P(Metrics, AreWrittenToAFile) {
  const Folder elsewhere;
  const std::string file = (elsewhere.path() / "pgsluice.prom").string();
  ASSERT_EQ(apply(folder, database, {"--metrics-file", file}).code, 0);
  EXPECT_THAT(read_file(file), HasSubstr("pgsluice_run_migrations_applied 1\n"));
  EXPECT_THAT(read_file(file), HasSubstr("{step=\"0001_orders.sql#1\",phase=\"expand\",state=\"applied\"}"));
}

TEST_P(Metrics, ThatCannotBeWrittenAreNoFailure) {
  const Finished done = apply(folder, database, {"--metrics-file", "/nowhere/pgsluice.prom"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("applied 1 migration"));
  EXPECT_THAT(done.err, HasSubstr("/nowhere/pgsluice.prom"));
}

TEST_P(Metrics, ArePushedAsOneGroupOfTheDatabase) {
  Gateway gateway("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const Finished done = apply(folder, database, {"--metrics-push", cat("http://", gateway.address(), "/")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, Not(HasSubstr("metrics")));
  const std::string heard = gateway.heard();
  EXPECT_THAT(heard, StartsWith("PUT /metrics/job/pgsluice/database@base64/"));
  EXPECT_THAT(heard, HasSubstr("\npgsluice_run_migrations_applied 1\n"));
  EXPECT_THAT(heard, HasSubstr("\npgsluice_run_exit_code 0\n"));
}

TEST_P(Metrics, ThatAGatewayRefusesAreNoFailureAndTellNoPassword) {
  Gateway gateway("HTTP/1.1 400 Bad Request\r\nContent-Length: 18\r\n\r\nwhat\x1b[31m is this?\n");
  const Finished done = apply(
      folder, database, {"--metrics-push", cat("http://ann:hush@", gateway.address(), "/metrics/job/x")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(gateway.heard(), StartsWith("PUT /metrics/job/x HTTP"));
  EXPECT_THAT(done.err, HasSubstr("HTTP 400"));
  EXPECT_THAT(done.err, Not(HasSubstr("\x1b[31m is")));
  EXPECT_THAT(cat(done.err, done.out), Not(HasSubstr("hush")));
}

TEST_P(Metrics, ThatNobodyTakesAreNoFailure) {
  const Finished done = apply(folder, database, {"--metrics-push", "http://127.0.0.1:1"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("did not reach http://127.0.0.1:1"));
}

TEST_P(Metrics, NeedAGatewayWithAnAddress) {
  const Finished done = apply(folder, database, {"--metrics-push", "pushgateway:9091"});
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.err, HasSubstr("begins with neither http:// nor https://"));
  EXPECT_EQ(database.sql("SELECT to_regclass('orders') IS NULL"), "t");
}

TEST(PushTarget, IsTheGroupOfTheUrlOrOfTheDatabase) {
  const Binding shop{.system_identifier = "7421", .database = "shop/é"};
  EXPECT_EQ(cli::push_target("http://g:9091", shop),
            "/metrics/job/pgsluice/database@base64/c2hvcC_DqQ==/system_identifier/7421");
  EXPECT_EQ(cli::push_target("https://g/", {.system_identifier = {}, .database = "shop"}),
            "/metrics/job/pgsluice/database@base64/c2hvcA==");
  EXPECT_EQ(cli::push_target("https://g/metrics/job/a/instance/b/", shop), "/metrics/job/a/instance/b");
}

}  // namespace
}  // namespace pgsluice::test
