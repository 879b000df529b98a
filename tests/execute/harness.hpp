// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests on real servers share: a database of one's own, a folder of migrations, the built program as a
// process, and waiting for a condition instead of for a time.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice::test {

struct Server {
  int major = 0;
  std::string socket;
};
void PrintTo(const Server& server,
             std::ostream* out);  // NOLINT(readability-identifier-naming): GoogleTest's name

/// The servers of PGSLUICE_TEST_SERVERS; those of `majors` when it is not empty.
std::vector<Server> servers(const std::vector<int>& majors);

/// "v18": how GoogleTest names the tests of a server.
inline constexpr auto version_name = [](const auto& info) { return "v" + std::to_string(info.param.major); };

/// True as soon as `condition` is; false after 60 s.
bool wait_until(const std::function<bool()>& condition);

/// The role that tests run as: no superuser, but what `pgsluice doctor --grants` gives. A name to be careful with.
inline constexpr std::string_view k_migrator = "pgsluice \"migrator\"; DROP ROLE 'x\\";
inline constexpr std::string_view k_superuser = "postgres";

/// A fresh database, dropped at the end.
class Database {
 public:
  Database(const Server& server, std::string name, std::string_view user = k_migrator);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string url() const;  ///< key=value
  [[nodiscard]] std::string url(std::string_view user) const;
  [[nodiscard]] std::unique_ptr<Session> connect(const std::string& application_name) const;
  [[nodiscard]] std::unique_ptr<Session> connect(const std::string& application_name,
                                                 std::string_view user) const;

  /// Runs SQL that must succeed, as the database's user; the first value of the last result.
  std::string sql(std::string_view script);
  /// The same as a superuser: for what a migration may not do.
  std::string admin(std::string_view script);
  /// Sessions of pgsluice in this database that run `what` (LIKE) now.
  int busy(std::string_view what);
  int pgsluice_sessions();
  /// Every object that migrations made, as text: for comparing two databases.
  std::string schema_dump();

 private:
  Server server_;
  std::string name_;
  std::string user_;
  std::unique_ptr<Session> admin_;
  std::unique_ptr<Session> session_;
};

/// A temporary folder of migrations.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder& write(const std::string& name, std::string_view sql);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Finished {
  int code = -1;  ///< exit code; -1: ended by a signal
  int signal = 0;
  std::string out;
  std::string err;
  [[nodiscard]] OrderedJson json() const { return OrderedJson::parse(out); }
};

/// The built program.
class Program {
 public:
  Program(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment);
  explicit Program(const std::vector<std::string>& arguments) : Program(arguments, {}) {}
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void kill(int signal) const;
  [[nodiscard]] std::string err() const;
  /// Waits until standard error has this text.
  bool says(std::string_view text) const;
  Finished wait();

 private:
  Folder files_;
  int pid_ = -1;
  Finished finished_;
};

Finished run(const std::vector<std::string>& arguments);
Finished apply(const Folder& folder, const Database& database, const std::vector<std::string>& more);

}  // namespace pgsluice::test
