// SPDX-License-Identifier: Apache-2.0
#include "execute/pooler.hpp"

#include <csignal>
#include <stdexcept>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "pg/connection.hpp"

namespace pgsluice::test {
namespace {

constexpr const char* k_program = "/usr/sbin/pgbouncer";

std::string configuration(const Server& server, const std::string& folder, const std::string& mode) {
  return cat("[databases]\n* = host=", server.socket,
             " port=5432 user=postgres\n[pgbouncer]\nunix_socket_dir = ", folder,
             "\nlisten_port = 6432\nauth_type = any\npool_mode = ", mode, "\nlogfile = ", folder,
             "/log\nignore_startup_parameters = extra_float_digits,options\n");
}

// As the user of the server: PgBouncer refuses to run as root, too.
[[noreturn]] void become_pooler(const std::string& file, const struct stat& owner) {
  if (geteuid() == 0 && (setgid(owner.st_gid) != 0 || setuid(owner.st_uid) != 0)) {
    _exit(126);
  }
  execl(k_program, k_program, "-q", file.c_str(), nullptr);
  _exit(127);
}

}  // namespace

Pooler::Pooler(const Server& server, const std::string& mode) {
  if (access(k_program, X_OK) != 0) {
    throw std::runtime_error("PgBouncer is missing: run scripts/setup --pooler");
  }
  const std::string path = folder_.path().string();
  folder_.write("pgbouncer.ini", configuration(server, path, mode));
  struct stat owner{};
  stat(server.socket.c_str(), &owner);
  if (geteuid() == 0 && chown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
    throw std::runtime_error("cannot give the folder to the server's user");
  }
  pid_ = fork();
  if (pid_ == 0) {
    become_pooler(path + "/pgbouncer.ini", owner);
  }
  if (!wait_until([&] { return access((path + "/.s.PGSQL.6432").c_str(), F_OK) == 0; })) {
    throw std::runtime_error("PgBouncer did not start");
  }
}

Pooler::~Pooler() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);  // at once
    waitpid(pid_, nullptr, 0);
  }
}

std::string Pooler::url(const Database& database) const {
  return cat("host=", folder_.path().string(), " port=6432 user=postgres dbname=", database.name());
}

std::unique_ptr<Session> Pooler::connect(const Database& database) const {
  static Interrupt nobody;
  auto result = pg::connect(pg::read_conninfo(url(database)), "application", pg::Access::any, nobody);
  if (auto* failure = std::get_if<pg::ConnectFailure>(&result)) {
    throw std::runtime_error(failure->message);
  }
  return std::move(std::get<std::unique_ptr<Session>>(result));
}

}  // namespace pgsluice::test
