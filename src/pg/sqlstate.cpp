// SPDX-License-Identifier: Apache-2.0
#include "pg/sqlstate.hpp"

#include <array>
#include <utility>

namespace pgsluice::pg {
namespace {

constexpr std::array<std::pair<std::string_view, Failure>, 10> k_exact{{
    {"55P03", Failure::lock_timeout},
    {"40P01", Failure::conflict},
    {"40001", Failure::conflict},
    {"57014", Failure::cancelled},
    {"57P01", Failure::connection},  // admin_shutdown
    {"57P02", Failure::connection},  // crash_shutdown
    {"57P03", Failure::connection},  // cannot_connect_now
    {"25P03",
     Failure::connection},  // idle_in_transaction_session_timeout: the server has closed the connection
    {"25006", Failure::read_only},
    {"42501", Failure::privilege},
}};

}  // namespace

Failure classify(std::string_view sqlstate) {
  for (const auto& [code, failure] : k_exact) {
    if (code == sqlstate) {
      return failure;
    }
  }
  if (sqlstate.starts_with("08")) {
    return Failure::connection;
  }
  return sqlstate.starts_with("23") ? Failure::data : Failure::statement;
}

}  // namespace pgsluice::pg
