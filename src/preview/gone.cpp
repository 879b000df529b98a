// SPDX-License-Identifier: Apache-2.0
#include "preview/gone.hpp"

#include "base/text.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {

bool is_disk_full(const SqlError& error) {
  return error.sqlstate == pg::sqlstate::disk_full ||
         error.message.find("No space left on device") != std::string::npos;
}

Error server_gone(std::string_view meanwhile, const SqlError& error) {
  const std::string words = cat("the server went away while ", meanwhile, ": ", error.message);
  if (is_disk_full(error)) return {ExitCode::precondition, words, std::string(k_more_room)};
  return {ExitCode::unreachable, words};
}

}  // namespace pgsluice
