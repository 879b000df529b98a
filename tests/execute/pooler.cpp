// SPDX-License-Identifier: Apache-2.0
#include "execute/pooler.hpp"

#include <stdexcept>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "pg/connection.hpp"

namespace pgsluice::test {
namespace {

std::string configuration(const Server& server, const std::string& folder, const std::string& mode) {
  return cat("[databases]\n* = host=", server.socket,
             " port=5432 user=postgres\n[pgbouncer]\nunix_socket_dir = ", folder,
             "\nlisten_port = 6432\nauth_type = any\npool_mode = ", mode, "\nlogfile = ", folder,
             "/log\nignore_startup_parameters = extra_float_digits,options\n");
}

}  // namespace

Pooler::Pooler(const Server& server, const std::string& mode) {
  const std::string path = folder_.path().string();
  folder_.write("pgbouncer.ini", configuration(server, path, mode));
  give_to_server(server, folder_.path());
  process_.emplace(server, std::vector<std::string>{"/usr/sbin/pgbouncer", "-q", path + "/pgbouncer.ini"});
  if (!wait_until([&] { return std::filesystem::exists(folder_.path() / ".s.PGSQL.6432"); })) {
    throw std::runtime_error("PgBouncer did not start");
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
