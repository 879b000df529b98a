// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/text.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice {

/// The answer. Throws Error(unreachable) when the connection is lost, Error(precondition) when the server refuses.
inline SqlResult asked(SqlResult result) {
  if (!result.ok) {
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot ask the server: ", printable_line(result.error.message)));
  }
  return result;
}

}  // namespace pgsluice
