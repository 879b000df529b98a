// SPDX-License-Identifier: Apache-2.0
// A file is analysed as lint does it, the first kind that has something to say rewrites it, and what came of it is analysed
// again, until nobody has anything to say. So kinds are small, and lint is the judge of what is left.
#include "fix/rounds.hpp"

#include <algorithm>
#include <deque>

#include "base/text.hpp"
#include "fix/lock_timeout.hpp"
#include "fix/new_files.hpp"
#include "fix/scope.hpp"
#include "fix/separate.hpp"
#include "fix/statements.hpp"
#include "migration/read_text.hpp"

namespace pgsluice::fix {
namespace {

const LeftAlone& broken() {
  static const LeftAlone reason{
      .line = 1,
      .finding = {},
      .reason = "its safe form could not be read again, which is a bug of pgsluice"};
  return reason;
}

class Fixer {
 public:
  explicit Fixer(const Job& job) : job_(job) {}

  FixedMigration run(Catalog& catalog) {
    const FileAnalysis whole = parse_up();
    if (const std::optional<LeftAlone> problem = cannot_be_read(whole)) return unchanged(catalog, {*problem});
    Catalog behind = catalog;
    const std::optional<std::vector<Piece>> done = rewrite(whole, behind);
    if (!done) return unchanged(catalog, {broken()});
    if (job_.files.tool != nullptr && cannot_run()) return unchanged(catalog, notes_.left());
    const auto names = names_of(job_, *done);
    if (!names) return unchanged(catalog, {no_names(done->size())});
    catalog = std::move(behind);
    return files_of(job_, *done, down_, *names, notes_);
  }

 private:
  /// Without the way back, which stays as it is.
  FileAnalysis parse_up() {
    Migration migration = job_.input.migration;
    if (job_.files.tool != nullptr && is_all_of_it(*job_.files.tool, migration.source)) {
      BothWays ways = ways_of(*job_.files.tool, migration.source.written());
      down_ = std::move(ways.down);
      if (!down_.empty()) read_text(migration, std::move(ways.up));
    }
    return parse(std::move(migration));
  }

  FixedMigration unchanged(Catalog& catalog, std::vector<LeftAlone> left) {
    const Migration& migration = job_.input.migration;
    FileAnalysis file = parse(migration);
    replay(job_, file, catalog);
    return {.files = {{.name = name_of_original(job_),
                       .text = std::string(migration.source.written()),
                       .phase = file.migration.phase}},
            .fixes = {},
            .left = std::move(left)};
  }

  /// Until there is nothing more to do. None: what was written is not what is read.
  std::optional<std::vector<Piece>> rewrite(const FileAnalysis& whole, Catalog& catalog) {
    std::deque<Piece> pending{to_piece(whole)};
    if (job_.files.tool != nullptr) take_markers(*job_.files.tool, pending.front());
    std::vector<Piece> done;
    // Each round takes something dangerous away, so there is an end; a kind that does not is a bug.
    std::size_t rounds = 64 + 16 * whole.script.statements.size();
    while (!pending.empty()) {
      Catalog at = catalog;
      std::optional<std::vector<Piece>> next = round(pending.front(), at);
      if (!next || (!next->empty() && rounds-- == 0)) return std::nullopt;
      if (next->empty()) {
        catalog = std::move(at);
        done.push_back(std::move(pending.front()));
      }
      pending.pop_front();
      pending.insert(pending.begin(), std::make_move_iterator(next->begin()),
                     std::make_move_iterator(next->end()));
    }
    return done;
  }

  /// What the piece becomes; nothing: it stays, and `catalog` moves on. None: it is not what was written.
  std::optional<std::vector<Piece>> round(const Piece& piece, Catalog& catalog) {
    const Analysis analysis = analyse(job_, piece, catalog);
    notes_.begin_round();
    const Script& script = analysis.file.script;
    if (script.statements.size() != piece.items.size() || !script.errors.empty()) return std::nullopt;
    if (std::optional<Piece> rewritten = rewrite_statements(job_, piece, analysis, notes_))
      return std::vector{*std::move(rewritten)};
    if (auto pieces = separate(job_, piece, analysis, notes_); !pieces.empty()) return pieces;
    if (std::optional<Piece> timed = add_lock_timeout(job_, piece, analysis, notes_))
      return std::vector{*std::move(timed)};
    notes_.keep_round(piece, analysis);
    return std::vector<Piece>();
  }

  /// It was rewritten to what needs a file of its own, and cannot have one.
  [[nodiscard]] bool cannot_run() const {
    return !notes_.fixes().empty() && std::ranges::any_of(notes_.left(), [](const LeftAlone& left) {
      return left.finding == k_forbidden_in_transaction;
    });
  }

  [[nodiscard]] LeftAlone no_names(std::size_t files) const {
    return {.line = 1,
            .finding = job_.input.migration.tool,
            .reason = cat("its safe form takes ", std::to_string(files),
                          " files, and there is no free version for them behind this one: make room, or give "
                          "it a later version")};
  }

  const Job& job_;
  Notes notes_;
  std::string down_;  ///< the way back in the same file, with the line before it
};

}  // namespace

FixedMigration run_rounds(const Job& job, Catalog& catalog) {
  return Fixer(job).run(catalog);
}

}  // namespace pgsluice::fix
