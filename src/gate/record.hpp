// SPDX-License-Identifier: Apache-2.0
#pragma once

// The gate's rows of the ledger.

#include <optional>
#include <set>

#include "pgsluice/gate.hpp"

namespace pgsluice {

/// The result of a read, or Error(unreachable, precondition) that says which grant is missing.
SqlResult checked_read(SqlResult result);
/// 0: there is none. Throws as checked_read().
int read_ledger_version(Session& session);

/// Empty for a ledger that has no such rows yet. Throws Error(unreachable, precondition).
GateMemory read_gate_memory(Session& session, const Ledger& ledger);

/// The release that brings what it runs, and the run that looks.
struct GateRecord {
  std::string run_id;
  long long token = 0;  ///< of the lease
  std::string release;  ///< may be empty
  std::string app;      ///< that the release is one of; may be empty
};

/// A contract file that is not applied is in the ledger as `held`, with the release that brought it.
void record_contract(Session& session, const PlannedFile& file, const GateDecision& decision,
                     const GateRecord& record);
/// That the role of this session has approved the file as it is.
void record_approval(Session& session, const Migration& migration, const std::string& why);

/// What a folder has brought so far, where nobody names its release: a retry of the same sync is no later one.
struct SameRelease {
  std::set<std::string> files;  ///< ids: in the ledger since another folder was brought last
  bool brought = false;         ///< whole: it may be at work
};
/// None: there is no such ledger yet. Throws as checked_read().
std::optional<SameRelease> read_same_release(Session& session, const Ledger& ledger,
                                             const std::string& digest);

/// SHA-256 of a folder: of the id and the checksum of every file, in order. "sha256:…"
std::string bundle_digest(const std::vector<Migration>& migrations);
/// That everything that a release needs of this folder is there. Does nothing when that is known.
void record_bundle(Session& session, const std::vector<Migration>& migrations, const std::string& app,
                   const std::string& release);
/// Releases of the application that have come without one of these files: the code of those that go back before it, such
/// as a revert, does not know it, whatever they are called. None of one that never brings them. Throws as checked_read().
std::vector<std::string> read_unfit(Session& session, const Ledger& ledger, const std::string& app,
                                    const std::vector<std::string>& rests_on);
/// Its query, by SQL expressions: the application, the files, and the moment up to which bundles count. A bundle of which
/// nobody has said whose it is counts where it has some of the same files.
std::string unfit_sql(std::string_view app, std::string_view rests_on, std::string_view until);

/// The first release of an application that has come with a file; empty: none. Throws as checked_read().
std::string read_first_with(Session& session, const Ledger& ledger, const std::string& app,
                            const std::string& id);
std::string first_with_sql(std::string_view app, std::string_view id);

/// The applications that have brought one of these files, as far as somebody has said so. Throws as checked_read().
std::set<std::string> read_bringers(Session& session, const Ledger& ledger, std::vector<std::string> files);

}  // namespace pgsluice
