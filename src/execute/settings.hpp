// SPDX-License-Identifier: Apache-2.0
#pragma once

// The settings that make a session safe to run migrations in, and the proof that they hold.

#include <chrono>
#include <optional>
#include <string>

#include "pg/questions.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice {

/// As settings take it: milliseconds, without the unit.
inline std::string ms(std::chrono::milliseconds duration) {
  return std::to_string(duration.count());
}

/// Whether a connection pooler stands between. Throws Error(precondition) unless this session has a backend of its own
/// until it ends: `connect` is asked for a second one to find that out.
bool expect_own_backend(Session& session, const Connector& connect);

/// Why nothing can be written on this server now; none: it can. One that has just been promoted, or is about to be, will be
/// writable: what writes waits for that.
std::optional<std::string> why_not_writable(Session& session);

/// Makes the settings and reads them back in a second transaction, with what else there is to ask. Throws
/// Error(precondition) when one did not stick.
void make_settings(Session& session, const RunOptions& options, pg::Questions questions = {});

/// One message that undoes whatever a file has set, and makes our settings again.
std::string reset_script(const RunOptions& options, int server_version_num);

}  // namespace pgsluice
