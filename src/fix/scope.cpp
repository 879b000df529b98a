// SPDX-License-Identifier: Apache-2.0
#include "fix/scope.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "effects/refusal.hpp"
#include "fix/kind.hpp"

namespace pgsluice {
namespace fix {
namespace {

bool is_plain(const FileAnalysis& file) {
  return file.migration.tool == tool::plain && file.script.source.reading == nullptr;
}

/// The files of its tool are rewritten, and nothing in this one is in the way.
bool is_of_known_tool(const FileAnalysis& file) {
  const ToolFormat* tool = format_of(file.migration.tool);
  return tool != nullptr && is_all_of_it(*tool, file.script.source) &&
         !cannot_be_written(*tool, file.migration, file.script.source);
}

/// nullptr: of long files lint keeps none.
const Effect* effect_of(const FileAnalysis& file, const Finding& finding) {
  if (!finding.statement || *finding.statement >= file.effects.size()) return nullptr;
  return &file.effects[*finding.statement];
}

std::string why_not(const FileAnalysis& file) {
  const ToolFormat* tool = format_of(file.migration.tool);
  if (file.migration.tool != tool::plain && tool == nullptr) return why_never(file.migration.tool);
  const auto reason =
      tool == nullptr ? std::nullopt : cannot_be_written(*tool, file.migration, file.script.source);
  return reason.value_or(cat("a file with placeholders is not rewritten", k_by_hand));
}

}  // namespace

bool is_all_of_it(const ToolFormat& tool, const SourceFile& source) {
  if (source.reading == nullptr) return true;
  const bool as_written = source.reading->written.empty() || !tool.down.empty();
  return as_written && source.reading->edits.empty() && source.reading->placeholders.empty();
}

std::optional<LeftAlone> cannot_be_read(const FileAnalysis& file) {
  const LineIndex lines(file.script.source);
  if (!is_plain(file) && !is_of_known_tool(file))
    return LeftAlone{.line = 1, .finding = file.migration.tool, .reason = why_not(file)};
  if (!is_plain(file) && file.directives.transaction) {
    return LeftAlone{.line = 1,
                     .finding = file.migration.tool,
                     .reason = cat("it says transaction=… to pgsluice, which ", file.migration.tool,
                                   " does not read: say it in the tool's own words instead")};
  }
  if (!file.script.errors.empty()) {
    return LeftAlone{.line = lines.position(file.script.errors.front().range.begin).line,
                     .finding = "syntax-error",
                     .reason = "a file that cannot be read to its end is not rewritten"};
  }
  if (!file.script.client_commands.empty()) {
    return LeftAlone{.line = lines.position(file.script.client_commands.front().range.begin).line,
                     .finding = "psql-meta-command",
                     .reason = "a file with commands of psql is not rewritten"};
  }
  return std::nullopt;
}

bool is_about_the_phase(const Finding& finding) {
  return finding.finding == "breaks-running-readers" || finding.finding == "breaks-running-writers" ||
         finding.finding == "destroys-data";
}

bool is_renaming(const Finding& finding) {
  return finding.row.starts_with("rename.");
}

/// Findings that say so of other statements have no safe form.
bool fails_until_commit(const FileAnalysis& file, const Finding& finding) {
  const Effect* effect = effect_of(file, finding);
  return finding.finding == "fails-when-run" && effect != nullptr &&
         effect->refusal.ends_with(effects::k_before_commit);
}

const Finding* find_finding(const FileAnalysis& file, std::string_view name,
                            std::optional<std::size_t> statement) {
  const auto found = std::ranges::find_if(file.findings, [&](const Finding& finding) {
    return finding.finding == name && !finding.allowed && (!statement || finding.statement == statement);
  });
  return found == file.findings.end() ? nullptr : &*found;
}

}  // namespace fix

bool has_written_form(const FileAnalysis& file, const Finding& finding) {
  using namespace fix;
  if (!finding.statement || (!is_plain(file) && !is_of_known_tool(file))) return false;
  if (fails_until_commit(file, finding)) return true;
  if (!is_plain(file) && (is_about_the_phase(finding) || finding.finding == k_unbatched_dml)) return false;
  if (is_about_the_phase(finding)) return !is_renaming(finding);
  const Effect* effect = effect_of(file, finding);
  const bool stands_alone = !is_plain(file) && effect != nullptr && effect->needs_no_transaction;
  if (stands_alone && finding.finding == k_waits_without_lock_timeout) return false;
  constexpr std::array k_of_the_file = {k_unbatched_dml, k_forbidden_in_transaction,
                                        k_lock_held_across_statements, k_waits_without_lock_timeout};
  return std::ranges::find(k_of_the_file, finding.finding) != k_of_the_file.end() ||
         kind_of(finding.row) != nullptr;
}

}  // namespace pgsluice
