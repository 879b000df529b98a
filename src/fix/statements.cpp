// SPDX-License-Identifier: Apache-2.0
#include "fix/statements.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "fix/batches.hpp"
#include "fix/scope.hpp"
#include "fix/split.hpp"

namespace pgsluice::fix {
namespace {

bool keeps_others_out(const RelationLock& lock) {
  return !lock.is_new && lock.mode >= LockMode::ShareUpdateExclusive;
}

bool is_nothing(const Rewritten& rewritten) {
  const auto* statements = std::get_if<Replacement>(&rewritten);
  return statements != nullptr && statements->empty();
}

bool needs_another_phase(const Rewritten& rewritten) {
  const auto* steps = std::get_if<Replacement>(&rewritten);
  return steps != nullptr &&
         std::ranges::any_of(*steps, [](const Step& step) { return step.phase != Phase::expand; });
}

/// Its row knows a safer form, somebody could be kept out, and nobody has allowed that, but for waiting without end.
bool wants_safe_form(const FileAnalysis& file, std::size_t i, const CommandEffect& command) {
  if (command.row == nullptr || command.inner != nullptr || command.row->instead.empty()) return false;
  if (kind_of(command.row->id) == nullptr) return false;
  if (std::ranges::none_of(command.locks, keeps_others_out)) return false;
  return std::ranges::none_of(file.findings, [&](const Finding& finding) {
    return finding.statement == i && finding.row == command.row->id && finding.allowed &&
           finding.finding != k_waits_without_lock_timeout;
  });
}

std::vector<std::string> findings_about(const FileAnalysis& file, std::size_t i, const EffectRow& row) {
  std::vector<std::string> names;
  for (const Finding& finding : file.findings) {
    if (finding.statement == i && finding.row == row.id && !finding.allowed) names.push_back(finding.finding);
  }
  return names;
}

/// The statements of one piece. A Replacement that is empty: the statement stays.
class Statements {
 public:
  Statements(const Job& job, const Analysis& analysis, Notes& notes)
      : tool_(job.files.tool),
        pg_version_(job.input.checking.pg_version_assumed ? 0 : job.input.prediction.pg_version),
        analysis_(analysis),
        notes_(notes) {}

  Replacement rewrite(std::size_t i, int line) {
    if (!analysis_.before[i] || effect(i).outcome != Outcome::runs) return {};
    if (Replacement batches = in_batches_of(i, line); !batches.empty()) return batches;
    return rewrite_commands(i, line);
  }

 private:
  [[nodiscard]] const Effect& effect(std::size_t i) const { return analysis_.file.effects[i]; }

  Replacement in_batches_of(std::size_t i, int line) {
    const Finding* finding = find_finding(analysis_.file, k_unbatched_dml, i);
    if (finding == nullptr) return {};
    Rewritten batches = batches_of(i);
    if (const auto* refusal = std::get_if<Refusal>(&batches)) {
      notes_.left_alone(line, finding->finding, refusal->reason);
      return {};
    }
    notes_.fixed(k_batches, line, *finding);
    return std::get<Replacement>(std::move(batches));
  }

  [[nodiscard]] Rewritten batches_of(std::size_t i) const {
    if (tool_ != nullptr) return Refusal{cat(tool_->tool, " knows no batches", k_by_hand)};
    if (effect(i).in_transaction_block && controls_transactions(analysis_.file))
      return Refusal{"it stands between BEGIN and COMMIT: give it a file of its own"};
    return in_batches(analysis_.file, effect(i), *analysis_.before[i]);
  }

  Replacement rewrite_commands(std::size_t i, int line) {
    std::vector<const CommandEffect*> wanted;
    for (const CommandEffect& command : effect(i).commands) {
      if (wants_safe_form(analysis_.file, i, command)) wanted.push_back(&command);
    }
    if (wanted.empty()) return {};
    const Subject subject = subject_of(i, *wanted.front());
    const bool several = has_several_parts(subject.statement());
    const StatementKind& kind = *kind_of(wanted.front()->row->id);
    Rewritten rewritten = several ? split(subject, parts_of(wanted)) : kind.rewrite(subject);
    if (needs_another_phase(rewritten)) rewritten = with_files(std::move(rewritten));
    if (is_nothing(rewritten)) return {};
    std::vector<std::string> findings = findings_about(analysis_.file, i, *wanted.front()->row);
    if (const auto* refusal = std::get_if<Refusal>(&rewritten)) {
      notes_.refuse(i);
      if (findings.empty()) findings.push_back(wanted.front()->row->id);
      for (const std::string& finding : findings) notes_.left_alone(line, finding, refusal->reason);
      return {};
    }
    notes_.fixed(several ? k_split_statement : kind.name, line, subject.target(), std::move(findings));
    return std::get<Replacement>(std::move(rewritten));
  }

  static std::set<std::size_t> parts_of(const std::vector<const CommandEffect*>& commands) {
    std::set<std::size_t> parts;
    for (const CommandEffect* command : commands) parts.insert(command->command);
    return parts;
  }

  /// Steps of several phases stand in several files, where there can be some.
  [[nodiscard]] Rewritten with_files(Rewritten rewritten) const {
    if (tool_ != nullptr)
      return Refusal{cat("its steps belong to several releases, and ", tool_->tool, " runs all files at once",
                         k_by_hand)};
    if (controls_transactions(analysis_.file))
      return Refusal{"its steps belong into several files, and this one has its own BEGIN and COMMIT"};
    return rewritten;
  }

  [[nodiscard]] Subject subject_of(std::size_t i, const CommandEffect& command) const {
    return {.file = analysis_.file,
            .effect = effect(i),
            .command_effect = command,
            .before = *analysis_.before[i],
            .pg_version = pg_version_};
  }

  const ToolFormat* tool_;
  int pg_version_;  ///< 0: not known
  const Analysis& analysis_;
  Notes& notes_;
};

}  // namespace

std::optional<Piece> rewrite_statements(const Job& job, const Piece& piece, const Analysis& analysis,
                                        Notes& notes) {
  Statements statements(job, analysis, notes);
  Piece out = piece;
  out.items.clear();
  bool changed = false;
  std::size_t begin = piece.header.size();
  const std::string& text = analysis.file.script.source.text;
  for (std::size_t i = 0; i < piece.items.size(); ++i) {
    const Item& item = piece.items[i];
    begin = text.find(item.text, begin);  // Piece::text() may put a separator in front
    const Replacement steps = statements.rewrite(i, item.line);
    if (steps.empty()) {
      out.items.push_back(item);
    } else {
      const Placed placed = place(analysis.file.script, i, item, begin);
      std::ranges::move(in_place_of(placed, item.line, steps), std::back_inserter(out.items));
      changed = true;
    }
    begin += item.text.size();
  }
  if (!changed) return std::nullopt;
  return out;
}

}  // namespace pgsluice::fix
