// SPDX-License-Identifier: Apache-2.0
// What stops a command, and the exit codes that the outside world relies on.
// Findings about the user's SQL and outcomes of running it are values, never exceptions.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgsluice {

/// The documented exit codes. Scripts and podFailurePolicy match on these numbers: they never change.
enum class ExitCode : int {
  ok = 0,                 ///< done, nothing to do, or contract work held back
  findings = 1,           ///< findings at or above --fail-on
  usage = 2,              ///< usage, configuration, rules or a file that cannot be read
  precondition = 3,       ///< pooler, missing grant, a setting that did not stick
  wrong_target = 4,       ///< the ledger is bound to another database
  refused = 10,           ///< refused at plan time by policy
  lock_budget = 11,       ///< lock budget used up, nothing was changed
  gate_closed = 12,       ///< contract gate closed under --strict-gates
  file_changed = 13,      ///< an applied file has changed
  other_run = 14,         ///< another run is active
  unreachable = 15,       ///< database not reachable or read-only
  release_mismatch = 16,  ///< this application release does not fit the schema
  data_violation = 17,    ///< the data violates the new constraint
  statement_failed = 18,  ///< a statement failed, what is applied is stated
  bug = 70,               ///< a bug in pgsluice
  interrupted = 130,      ///< SIGINT, after a clean rollback
  terminated = 143,       ///< SIGTERM, after a clean rollback
};

/// The one exception of the product: something stops the whole command. Caught in main() only.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& what, std::string hint = {})
      : std::runtime_error(what), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] ExitCode code() const noexcept { return code_; }
  /// A sentence that names the next step; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  ExitCode code_;
  std::string hint_;
};

}  // namespace pgsluice
