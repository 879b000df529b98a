// SPDX-License-Identifier: Apache-2.0
#include "fix/lock_timeout.hpp"

#include <algorithm>

#include "fix/scope.hpp"

namespace pgsluice::fix {
namespace {

bool is_in_place(const Job& job) {
  return job.files.tool == nullptr || job.files.tool->in_place;
}

/// SET LOCAL would be over before the next statement.
bool runs_one_by_one(const Job& job, const FileAnalysis& file) {
  if (file.script.source.reading == nullptr || file.script.source.reading->blocks.empty()) return false;
  const std::vector<Reading::Block>& blocks = file.script.source.reading->blocks;
  if (!job.files.begin.empty()) return blocks.back().transaction == FileTransaction::none;
  return blocks.size() > 1 || blocks.front().transaction == FileTransaction::none;
}

/// Where it stands; none: it would not count for the statement.
std::optional<std::size_t> place_for(const Job& job, const FileAnalysis& file, std::size_t statement) {
  if (!is_in_place(job)) {
    if (file.effects[statement].needs_no_transaction) return std::nullopt;
    if (controls_transactions(file)) {
      const std::optional<std::size_t> begin = begin_around(file, statement);
      return begin ? std::optional(*begin + 1) : std::nullopt;
    }
    if (runs_one_by_one(job, file)) return std::nullopt;
  }
  // Before all others, but what works for long outside of a transaction must not be cut off by it.
  const auto begin = file.effects.begin();
  const bool first = std::none_of(begin, begin + static_cast<std::ptrdiff_t>(statement),
                                  [](const Effect& effect) { return effect.needs_no_transaction; });
  return first ? 0 : statement;
}

}  // namespace

std::optional<Piece> add_lock_timeout(const Job& job, const Piece& piece, const Analysis& analysis,
                                      Notes& notes) {
  const Finding* finding = find_finding(analysis.file, k_waits_without_lock_timeout);
  if (finding == nullptr || !finding->statement) return std::nullopt;
  const int line = piece.items[*finding->statement].line;
  if (analysis.file.effects[*finding->statement].lock_timeout_ms) {
    notes.left_alone(line, finding->finding, "the file itself sets lock_timeout to 0: give it a value");
    return std::nullopt;
  }
  const std::optional<std::size_t> place = place_for(job, analysis.file, *finding->statement);
  if (!place) {
    notes.left_alone(
        line, finding->finding,
        "there is no transaction around it for SET LOCAL: ALTER ROLE … SET lock_timeout for who runs it");
    return std::nullopt;
  }
  Piece out = piece;
  // A tool's next file runs in the same session.
  const std::string_view setting =
      is_in_place(job) ? "SET lock_timeout = '2s'" : "SET LOCAL lock_timeout = '2s'";
  out.items.insert(out.items.begin() + static_cast<std::ptrdiff_t>(*place), new_item(setting, line));
  notes.fixed(k_lock_timeout, line, *finding);
  return out;
}

}  // namespace pgsluice::fix
