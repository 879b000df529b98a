// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real Session: one libpq connection, driven without blocking so that a signal or a watch can cancel.

#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "base/signals.hpp"
#include "pg/conninfo.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice::pg {

enum class Access { read_write, any };

struct ConnectFailure {
  std::string message;     ///< without secrets
  bool permanent = false;  ///< wrong password, unknown role: waiting does not help
};

using ConnectResult = std::variant<std::unique_ptr<Session>, ConnectFailure>;

/// One attempt. Returns at once when `interrupt` is raised.
ConnectResult connect(const Conninfo& conninfo, const std::string& application_name, Access access,
                      const Interrupt& interrupt);

/// Whether an attempt that was interrupted still waits in libpq, on a thread that nothing can end. exit() would take the
/// libraries down under it.
bool is_still_connecting();

}  // namespace pgsluice::pg
