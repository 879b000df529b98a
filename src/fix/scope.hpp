// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which files may be rewritten at all, and what the findings are called that are about more than one command.

#include <optional>
#include <string_view>

#include "fix/tools.hpp"
#include "pgsluice/findings.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::fix {

constexpr std::string_view k_unbatched_dml = "unbatched-dml";
constexpr std::string_view k_forbidden_in_transaction = "forbidden-in-transaction";
constexpr std::string_view k_lock_held_across_statements = "lock-held-across-statements";
constexpr std::string_view k_waits_without_lock_timeout = "waits-without-lock-timeout";

/// Behind a reason: what to do instead.
constexpr std::string_view k_by_hand = ": take the safe form from lint";

/// What the tool runs is what stands in the file, but for the way back.
bool is_all_of_it(const ToolFormat& tool, const SourceFile& source);

/// Why the file is not rewritten; nothing: it may be.
std::optional<LeftAlone> cannot_be_read(const FileAnalysis& file);

/// Somebody would be broken who still runs the release before.
bool is_about_the_phase(const Finding& finding);
bool is_renaming(const Finding& finding);
/// It fails because what it uses has not been committed.
bool fails_until_commit(const FileAnalysis& file, const Finding& finding);

/// nullptr: nothing of that name that counts; of any statement, or of that one.
const Finding* find_finding(const FileAnalysis& file, std::string_view name,
                            std::optional<std::size_t> statement = std::nullopt);

}  // namespace pgsluice::fix
