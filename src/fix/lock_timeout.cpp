// SPDX-License-Identifier: Apache-2.0
#include "fix/lock_timeout.hpp"

#include <algorithm>

#include "fix/scope.hpp"

namespace pgsluice::fix {
namespace {

/// SET LOCAL would be over before the next statement.
bool runs_one_by_one(const Job& job, const SourceFile& source) {
  if (source.reading == nullptr || source.reading->blocks.empty()) return false;
  const std::vector<Reading::Block>& blocks = source.reading->blocks;
  if (!job.files.begin.empty()) return blocks.back().transaction == FileTransaction::none;
  return blocks.size() > 1 || blocks.front().transaction == FileTransaction::none;
}

/// Before all others, but what works for long outside of a transaction must not be cut off by it.
std::size_t place_of(const std::vector<Effect>& effects, std::size_t statement) {
  const auto end = effects.begin() + static_cast<std::ptrdiff_t>(statement);
  const bool first =
      std::none_of(effects.begin(), end, [](const Effect& effect) { return effect.needs_no_transaction; });
  return first ? 0 : statement;
}

}  // namespace

std::optional<Piece> add_lock_timeout(const Job& job, const Piece& piece, const Analysis& analysis,
                                      Notes& notes) {
  const Finding* finding = find_finding(analysis.file, k_waits_without_lock_timeout);
  if (finding == nullptr || !finding->statement) return std::nullopt;
  const Effect& effect = analysis.file.effects[*finding->statement];
  const int line = piece.items[*finding->statement].line;
  if (effect.lock_timeout_ms) {
    notes.left_alone(line, finding->finding, "the file itself sets lock_timeout to 0: give it a value");
    return std::nullopt;
  }
  const bool in_place = job.files.tool == nullptr || job.files.tool->in_place;
  if (!in_place && (effect.needs_no_transaction || runs_one_by_one(job, analysis.file.script.source))) {
    notes.left_alone(line, finding->finding,
                     "it must stand alone in its file: ALTER ROLE … SET lock_timeout for who runs it");
    return std::nullopt;
  }
  Piece out = piece;
  // A tool's next file runs in the same session.
  const std::string_view setting = in_place ? "SET lock_timeout = '2s'" : "SET LOCAL lock_timeout = '2s'";
  const std::size_t place = place_of(analysis.file.effects, *finding->statement);
  out.items.insert(out.items.begin() + static_cast<std::ptrdiff_t>(place), new_item(setting, line));
  notes.fixed(k_lock_timeout, line, *finding);
  return out;
}

}  // namespace pgsluice::fix
