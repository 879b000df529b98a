// SPDX-License-Identifier: Apache-2.0
#include "fix/separate.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "fix/scope.hpp"

namespace pgsluice::fix {
namespace {

constexpr std::string_view k_two_names =
    "the release before and the one after need different names at once: add the new one, let a trigger or a "
    "view keep both, and drop the old one in the contract phase";

class Separation {
 public:
  Separation(const Job& job, const Piece& piece, const Analysis& analysis, Notes& notes)
      : files_(job.files), piece_(piece), file_(analysis.file), notes_(notes) {}

  std::vector<Piece> run() {
    if (auto pieces = of_phase(Phase::contract, Place::contract); !pieces.empty()) return pieces;
    if (auto pieces = of_phase(Phase::backfill, Place::backfill); !pieces.empty()) return pieces;
    if (auto pieces = of_finding(k_forbidden_in_transaction, k_no_transaction, Place::no_transaction);
        !pieces.empty())
      return pieces;
    if (auto pieces = before_use(); !pieces.empty()) return pieces;
    if (auto pieces = of_finding(k_lock_held_across_statements, k_split_transaction, Place::transaction);
        !pieces.empty())
      return pieces;
    return contract();
  }

 private:
  /// Steps that were written for another phase than the file's.
  [[nodiscard]] std::vector<Piece> of_phase(Phase phase, Place place) const {
    if (piece_.phase != Phase::expand) return {};
    std::set<std::size_t> steps;
    for (std::size_t i = 0; i < piece_.items.size(); ++i) {
      if (piece_.items[i].phase == phase) steps.insert(i);
    }
    if (steps.empty()) return {};
    auto cut = take_out(piece_, file_, steps, place, files_);
    auto* pieces = std::get_if<std::vector<Piece>>(&cut);
    return pieces != nullptr ? std::move(*pieces) : std::vector<Piece>();
  }

  std::vector<Piece> of_finding(std::string_view name, std::string_view kind, Place place) {
    std::vector<const Finding*> findings;
    std::set<std::size_t> statements;
    for (const Finding& finding : file_.findings) {
      if (finding.finding != name || finding.allowed || !finding.statement) continue;
      findings.push_back(&finding);
      // What works for long is better not together with the next of its kind.
      if (place == Place::no_transaction || statements.empty()) statements.insert(*finding.statement);
    }
    if (findings.empty()) return {};
    return take(statements, place, kind, findings);
  }

  /// A value of an enum is added, and committed, before it is used.
  std::vector<Piece> before_use() {
    const auto found = std::ranges::find_if(file_.findings, [&](const Finding& finding) {
      return !finding.allowed && fails_until_commit(file_, finding);
    });
    if (found == file_.findings.end()) return {};
    return take({*found->statement}, Place::transaction, k_commit_first, {&*found});
  }

  std::vector<Piece> contract() {
    std::set<std::size_t> statements;
    const Finding* first = nullptr;
    for (const Finding& finding : file_.findings) {
      if (!is_about_the_phase(finding) || finding.allowed || !finding.statement) continue;
      if (notes_.is_refused(*finding.statement)) continue;
      if (is_renaming(finding)) {
        leave(finding, std::string(k_two_names));
        continue;
      }
      statements.insert(*finding.statement);
      if (first == nullptr) first = &finding;
    }
    if (first == nullptr) return {};
    if (files_.tool == nullptr) return take(statements, Place::contract, k_contract, {first});
    leave(*first, cat("it belongs to a later release, and ", files_.tool->tool, " runs all files at once",
                      k_by_hand));
    return {};
  }

  std::vector<Piece> take(const std::set<std::size_t>& statements, Place place, std::string_view kind,
                          const std::vector<const Finding*>& findings) {
    auto cut = take_out(piece_, file_, statements, place, files_);
    if (auto* pieces = std::get_if<std::vector<Piece>>(&cut)) {
      notes_.fixed(kind, line_of(*findings.front()), *findings.front());
      return std::move(*pieces);
    }
    for (const Finding* finding : findings) leave(*finding, std::get<Refusal>(cut).reason);
    return {};
  }

  void leave(const Finding& finding, std::string reason) {
    notes_.left_alone(line_of(finding), finding.finding, std::move(reason));
  }

  [[nodiscard]] int line_of(const Finding& finding) const { return piece_.items[*finding.statement].line; }

  const NewFiles& files_;
  const Piece& piece_;
  const FileAnalysis& file_;
  Notes& notes_;
};

}  // namespace

std::vector<Piece> separate(const Job& job, const Piece& piece, const Analysis& analysis, Notes& notes) {
  return Separation(job, piece, analysis, notes).run();
}

}  // namespace pgsluice::fix
