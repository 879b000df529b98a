// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sources of evidence that need nothing but the database and the clock.

#include <map>
#include <string>
#include <string_view>

#include "pgsluice/gate.hpp"

namespace pgsluice {

/// What sources of evidence are called, in --evidence and in what is printed.
// NOLINTBEGIN(readability-identifier-naming): they read as provider::sessions.
namespace provider {
inline constexpr std::string_view dependants = "dependants";
inline constexpr std::string_view queries = "queries";
inline constexpr std::string_view recoverability = "recoverability";
inline constexpr std::string_view sessions = "sessions";
inline constexpr std::string_view verified = "verified";
}  // namespace provider
// NOLINTEND(readability-identifier-naming)

/// The command, as it is written, that has the effect: the file's own, or one in code that it runs.
const Command& command_of(const FileAnalysis& file, const Effect& effect, const CommandEffect& command);

/// What is in the containers becomes a subject of its own, as far as it is none yet. Throws Error(unreachable, precondition).
void add_members(Session& session, GateQuestion& question);

/// Sessions carry the version in their application_name: checkout/2.4.0, checkout@2.4.0 or checkout-2.4.0. Those of the
/// application's roles that do not are unknown; where no roles are named, all that are no superuser's, no well-known tool's
/// and of no other application with a version.
/// \param brought_last  releases by application: of one that has no session now, the one that is known to be at work
EvidenceSource session_source(Session& session, const std::vector<std::string>& app_roles,
                              const std::map<std::string, std::string>& brought_last = {});
/// Why it is not known which releases can live with a file, by the id of the file: nobody can be asked about the application
/// then. Nothing of other files.
EvidenceSource need_source(std::map<std::string, std::string> unknown_needs);
/// Whether the release that is being brought fits what the step needs. Says nothing of other applications; `app` may be
/// empty: that of the step.
EvidenceSource release_source(const std::string& app, const std::string& release);
/// Objects of the catalog that still use what is taken away.
EvidenceSource dependant_source(Session& session);
/// Whether what the file rests on is not only applied but valid: indexes, constraints. `plan` must outlive it.
EvidenceSource verification_source(Session& session, const Plan& plan);
/// Whether what is destroyed could be brought back: WAL archiving.
EvidenceSource recoverability_source(Session& session);
/// Times at which nothing is to be taken away. `now`: seconds since 1970, UTC.
EvidenceSource freeze_source(std::vector<std::string> freezes, long long now);
/// What somebody has approved on record.
EvidenceSource approval_source(const GateMemory& memory, const GatePolicy& policy);

/// A freeze window is "Fri 16:00-Mon 08:00" (each week) or "2026-12-20/2027-01-03" (both days are part of it), UTC.
/// Throws Error(usage) for anything else.
void expect_freeze(std::string_view text);
bool is_frozen(std::string_view freeze, long long now);

/// Of the files that it rests on and of what the other sources have said; none: no soak is asked for.
std::optional<Evidence> soak_evidence(const GateQuestion& question, const std::vector<Evidence>& evidence,
                                      const GateMemory& memory, const GatePolicy& policy);

}  // namespace pgsluice
