// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a release of the application and the schema fit each other: asked by the application's own pods, and by the
// hook about the release that it is about to let through.

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/gate.hpp"

namespace pgsluice {

struct GuardNeeds {
  std::vector<std::string> needs;  ///< digests of folders, or ids of migrations
  std::string app;
  std::string release;
};

struct GuardAnswer {
  enum class State { fits, missing, too_old };
  State state = State::missing;
  std::string words;
};

/// A contract step that has run or begun, and the releases that can live with it.
struct DoneContract {
  std::string migration;
  std::string needs_app;
};
/// What a release must fit.
struct SchemaDemands {
  std::vector<DoneContract> done;
  std::vector<BroughtRelease> brought;  ///< which of two commits is the newer release
};
/// Throws Error(unreachable, precondition).
SchemaDemands read_demands(Session& session);

/// None: the release fits, or nobody says which one it is. After a step that needs exactly one release, later ones fit, too.
std::optional<std::string> why_too_old(const SchemaDemands& demands, std::string_view app,
                                       const std::string& release);

/// Throws Error(unreachable, precondition).
GuardAnswer look_at_ledger(Session& session, const GuardNeeds& needs);

}  // namespace pgsluice
