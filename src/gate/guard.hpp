// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a release of the application and the schema fit each other: asked by the application's own pods, and by the
// hook about the release that it is about to let through.

#include <optional>
#include <set>
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
  std::string needs_app;              ///< of one application
  std::vector<std::string> rests_on;  ///< expand and backfill files before it; empty: not known
  BroughtWith brought;                ///< releases that had come when it was done
  bool has_followed = false;          ///< it was done after the folder that is asked for had been brought
  bool has_only_begun = false;        ///< and what of it is done nobody has said
  /// Since it was done, the application has brought a part of the asked folder without its file.
  bool was_removed = false;
  /// The first release of the application that has come with its file; empty: none has.
  std::string first_with;
  /// Releases of the application that the very folder which is asked for had come as before it was done.
  std::vector<std::string> asked_as;
  bool was_rested_on =
      false;  ///< the application has brought all that it rests on, and does not lack it by nature
};
/// What a release must fit.
struct SchemaDemands {
  std::vector<DoneContract> done;
  std::set<std::string> expected;       ///< applications that steps which wait ask for
  std::vector<BroughtRelease> brought;  ///< which of two commits is the newer release
};
/// The folder that is to be brought.
struct AskedFolder {
  std::string digest;  ///< empty: there is none
  std::string app;
  std::set<std::string> files;
};
/// Throws Error(unreachable, precondition).
SchemaDemands read_demands(Session& session, const AskedFolder& asked);

/// None: the release fits, or nobody says which one it is. After a step that needs exactly one release, later ones fit, too.
std::optional<std::string> why_too_old(const SchemaDemands& demands, std::string_view app,
                                       const std::string& release);
/// Of a release that the ledger has never seen, and that comes with these files: without a step that is done, and with some
/// of those before it, or as they were brought before it was done. None: it may be new, as where its file was removed when
/// it was done. What is new by its name is so if the folder has all before the step, or had come as a release that fits.
std::optional<std::string> why_from_before(const SchemaDemands& demands, std::string_view app,
                                           const std::string& release, const std::set<std::string>& files);

/// Throws Error(unreachable, precondition).
GuardAnswer look_at_ledger(Session& session, const GuardNeeds& needs);

}  // namespace pgsluice
