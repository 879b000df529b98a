// SPDX-License-Identifier: Apache-2.0
#pragma once

// The gate's rows of the ledger.

#include <functional>
#include <map>
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
  bool asked = true;    ///< the gate; false: something else holds the step, and what was seen before stays
};

/// One transaction of the run that has this lease's token: whatever it writes is there together, or not at all. Whoever has
/// lost the lease writes nothing; a run that had nothing to do has none (0), and its session the run lock. Throws
/// Error(unreachable, other_run, precondition).
void write_together(Session& session, long long token, const std::function<void()>& write);

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
                                             const std::vector<Migration>& migrations);

/// SHA-256 of a folder: of the id and the checksum of every file, in order. "sha256:…"
std::string bundle_digest(const std::vector<Migration>& migrations);
/// That everything that a release needs of this folder is there. What is known stays as it is, but for what was brought last.
/// \param let_through  false: the run ends so that its application does not come, and it is no release that others follow
void record_bundle(Session& session, const std::vector<Migration>& migrations, const BroughtBy& by,
                   bool let_through);
/// It has been let through with the steps of its folder that wait: what comes behind it follows it.
void record_passing(Session& session, const std::vector<Migration>& migrations, const BroughtBy& by);
/// Nothing is said of an application that never brings these files. Throws as checked_read().
BroughtWith read_brought_with(Session& session, const Ledger& ledger, const std::string& app,
                              const std::vector<std::string>& rests_on, const std::string& id);
/// Its query, by SQL expressions: the application, the files before the step, its own, and the moment up to which bundles
/// count. A bundle counts where it has all of one that what came with the files has grown from.
std::string brought_with_sql(std::string_view app, std::string_view rests_on, std::string_view id,
                             std::string_view until);
/// Whether a folder is of the line that a step has come with up to a moment, whoever has brought it: it has all that one had from
/// before it. By SQL expressions as well.
std::string is_of_line_sql(std::string_view files, std::string_view id, std::string_view until);
/// Three arrays, as `brought_with_sql` gives them, from this column on.
BroughtWith brought_with(const SqlResult& rows, std::size_t row, std::size_t column);

/// The first release of an application that has come with a file; empty: none. Throws as checked_read().
std::string read_first_with(Session& session, const Ledger& ledger, const std::string& app,
                            const std::string& id);
std::string first_with_sql(std::string_view app, std::string_view id);

/// A release has been let through whose folder lacks steps that wait, and has all of a folder that theirs has grown from: it
/// goes back before them, unless it fits them by itself. They come anew with the next release that has them, and what was
/// seen of them, and approved, is over.
void let_steps_come_anew(Session& session, const Ledger& ledger, const std::vector<Migration>& migrations,
                         const BroughtBy& by);
/// A release has been let through that does not fit what waiting steps need: what somebody had approved of these was approved
/// before it came, and nobody has looked since.
/// \param just_now  ids of steps that have been approved by this very run, which knows of its release
void forget_approvals(Session& session, const Ledger& ledger, const BroughtBy& by,
                      const std::vector<std::string>& just_now);
/// Files that the same application has brought, and those that are not in this folder any more and were brought together
/// with files of it. Throws as checked_read().
std::set<std::string> read_once_brought(Session& session, const Ledger& ledger,
                                        const std::vector<Migration>& migrations, const std::string& app);
/// The applications that have brought one of these files, as far as somebody has said so. Throws as checked_read().
std::set<std::string> read_bringers(Session& session, const Ledger& ledger, std::vector<std::string> files);
/// The release that was brought last of each application but the one whose release is being brought: one that goes back is
/// brought again. Throws as checked_read().
std::map<std::string, std::string> read_brought_last(Session& session, const Ledger& ledger,
                                                     const std::string& own);

}  // namespace pgsluice
