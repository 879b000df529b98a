// SPDX-License-Identifier: Apache-2.0
// A plain connection to a test server: run, or start and look on from another one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/api.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice::oracle {

struct Server {
  int version = 0;  ///< major
  std::string socket;
};

/// The servers of PGSLUICE_TEST_SERVERS, "12=/socket/folder 13=…".
std::vector<Server> servers();

using Rows = std::vector<std::vector<std::string>>;

class Session {
 public:
  Session(const Server& server, const std::string& database, const std::string& role = "postgres");

  /// Runs one or more statements and returns the rows of the last one. Throws std::runtime_error.
  Rows run(const std::string& sql);
  /// Runs and keeps an error as text instead of throwing it.
  std::optional<std::string> try_run(const std::string& sql);

  void start(const std::string& sql);
  /// The started statement has ended.
  bool done();
  /// Waits for the end; the error, if there was one.
  std::optional<std::string> finish();

  [[nodiscard]] int pid() const;
  /// Notices and DEBUG messages since the last call.
  std::vector<std::string> take_messages();

 private:
  std::unique_ptr<PGconn, pg::ConnectionFinish> connection_;
  std::unique_ptr<std::vector<std::string>> messages_;
};

/// One of them, as the product sees a session.
class Facade final : public pgsluice::Session {
 public:
  explicit Facade(oracle::Session& session) : session_(session) {}
  SqlResult run(const Query& query) override;
  void cancel() noexcept override {}
  [[nodiscard]] bool in_transaction() const override { return false; }
  [[nodiscard]] int backend_pid() const override { return session_.pid(); }
  [[nodiscard]] int server_version_num() const override { return 0; }
  std::vector<Notice> take_notices() override;

 private:
  oracle::Session& session_;
};

}  // namespace pgsluice::oracle
