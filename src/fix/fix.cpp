// SPDX-License-Identifier: Apache-2.0
// A file is analysed as lint does it, the first kind that has something to say rewrites it, and what came of it is analysed
// again, until nobody has anything to say. So kinds are small, and lint is the judge of what is left.
#include "pgsluice/fix.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "effects/refusal.hpp"
#include "fix/batches.hpp"
#include "fix/cuts.hpp"
#include "fix/kind.hpp"
#include "fix/names.hpp"
#include "fix/piece.hpp"
#include "fix/split.hpp"
#include "fix/tools.hpp"
#include "migration/read_text.hpp"

namespace pgsluice {
namespace {

using fix::Item;
using fix::Piece;
using fix::Refusal;

constexpr std::string_view k_no_transaction = "no-transaction";
constexpr std::string_view k_split_transaction = "split-transaction";
constexpr std::string_view k_commit_first = "commit-first";
constexpr std::string_view k_split_statement = "split-statement";
constexpr std::string_view k_contract = "contract";
constexpr std::string_view k_batches = "batches";
constexpr std::string_view k_lock_timeout = "lock-timeout";
constexpr std::string_view k_by_hand = ": take the safe form from lint";

// Findings that are about more than one command's row.
constexpr std::string_view k_unbatched_dml = "unbatched-dml";
constexpr std::string_view k_forbidden_in_transaction = "forbidden-in-transaction";
constexpr std::string_view k_lock_held_across_statements = "lock-held-across-statements";
constexpr std::string_view k_waits_without_lock_timeout = "waits-without-lock-timeout";
constexpr std::string_view k_fails_when_run = "fails-when-run";

/// A piece as lint sees it.
struct Analysis {
  FileAnalysis file;
  /// What is there when a statement runs, of those that may be rewritten.
  std::vector<std::optional<Catalog>> before;
};

bool may_be_rewritten(std::string_view tag) {
  constexpr std::array<std::string_view, 8> k_tags = {"AlterTableStmt", "IndexStmt",          "DropStmt",
                                                      "ReindexStmt",    "RefreshMatViewStmt", "RenameStmt",
                                                      "UpdateStmt",     "DeleteStmt"};
  return std::ranges::find(k_tags, tag) != k_tags.end();
}

bool keeps_others_out(const RelationLock& lock) {
  return !lock.is_new && lock.mode >= LockMode::ShareUpdateExclusive;
}

bool is_plain(const FileAnalysis& file) {
  return file.migration.tool == tool::plain && file.script.source.reading == nullptr;
}

/// What the tool runs is what stands in the file, but for the way back.
bool is_all_of_it(const fix::ToolFormat& tool, const SourceFile& source) {
  if (source.reading == nullptr) return true;
  const bool as_written = source.reading->written.empty() || !tool.down.empty();
  return as_written && source.reading->edits.empty() && source.reading->placeholders.empty();
}

/// The files of its tool are rewritten, and nothing in this one is in the way.
bool is_of_known_tool(const FileAnalysis& file) {
  const fix::ToolFormat* tool = fix::format_of(file.migration.tool);
  return tool != nullptr && is_all_of_it(*tool, file.script.source) &&
         !fix::cannot_be_written(*tool, file.migration, file.script.source);
}

bool is_about_the_phase(const Finding& finding) {
  return finding.finding == "breaks-running-readers" || finding.finding == "breaks-running-writers" ||
         finding.finding == "destroys-data";
}

/// nullptr: of long files lint keeps none.
const Effect* effect_of(const FileAnalysis& file, const Finding& finding) {
  if (!finding.statement || *finding.statement >= file.effects.size()) return nullptr;
  return &file.effects[*finding.statement];
}

/// Findings that say so of other statements have no safe form.
bool fails_until_commit(const FileAnalysis& file, const Finding& finding) {
  const Effect* effect = effect_of(file, finding);
  return finding.finding == k_fails_when_run && effect != nullptr &&
         effect->refusal.ends_with(effects::k_before_commit);
}

bool is_renaming(const Finding& finding) {
  return finding.row.starts_with("rename.");
}

/// The original's findings and what they have in common with the statement that is rewritten.
class Fixer {
 public:
  Fixer(const FixInput& input, const EffectTable& table, const RuleBook& rules)
      : input_(input),
        table_(table),
        rules_(rules),
        files_{.phase = input.migration.phase, .tool = fix::format_of(input.migration.tool)} {}

  FixedMigration run(Catalog& catalog) {
    const FileAnalysis whole = parse_up();
    if (const std::optional<LeftAlone> problem = cannot_be_read(whole)) return unchanged(catalog, {*problem});
    const Catalog start = catalog;
    std::deque<Piece> pending{fix::to_piece(whole)};
    if (files_.tool != nullptr) fix::take_markers(*files_.tool, pending.front());
    std::vector<Piece> done;
    // Each round takes something dangerous away, so there is an end; a kind that does not is a bug.
    std::size_t rounds = 64 + 16 * whole.script.statements.size();
    while (!pending.empty()) {
      Catalog at = catalog;
      std::vector<Piece> next = round(pending.front(), at);
      if (next.empty() && !is_broken_) {
        catalog = std::move(at);
        done.push_back(std::move(pending.front()));
        pending.pop_front();
        continue;
      }
      if (is_broken_ || rounds-- == 0) {
        catalog = start;
        return unchanged(catalog,
                         {{.line = 1,
                           .finding = {},
                           .reason = "its safe form could not be read again, which is a bug of pgsluice"}});
      }
      pending.pop_front();
      pending.insert(pending.begin(), std::make_move_iterator(next.begin()),
                     std::make_move_iterator(next.end()));
    }
    if (files_.tool != nullptr && cannot_run()) {
      catalog = start;
      return unchanged(catalog, left_);
    }
    const auto names = names_of(done);
    if (!names) {
      catalog = start;
      return unchanged(catalog, {no_names(done.size())});
    }
    return result_of(done, *names);
  }

 private:
  // ---- what comes in -------------------------------------------------------------------------------------------------

  /// Without the way back, which stays as it is.
  FileAnalysis parse_up() {
    Migration migration = input_.migration;
    if (files_.tool != nullptr && is_all_of_it(*files_.tool, migration.source)) {
      fix::BothWays ways = fix::ways_of(*files_.tool, migration.source.written());
      down_ = std::move(ways.down);
      if (!down_.empty()) read_text(migration, std::move(ways.up));
    }
    return parse(std::move(migration));
  }

  static std::optional<LeftAlone> cannot_be_read(const FileAnalysis& file) {
    const LineIndex lines(file.script.source);
    if (!is_plain(file) && !is_of_known_tool(file)) {
      return LeftAlone{.line = 1, .finding = file.migration.tool, .reason = why_not(file)};
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

  static std::string why_not(const FileAnalysis& file) {
    const fix::ToolFormat* tool = fix::format_of(file.migration.tool);
    if (file.migration.tool != tool::plain && tool == nullptr) return fix::why_never(file.migration.tool);
    const auto reason =
        tool == nullptr ? std::nullopt : fix::cannot_be_written(*tool, file.migration, file.script.source);
    return reason.value_or("a file with placeholders is not rewritten: take the safe form from lint");
  }

  FixedMigration unchanged(Catalog& catalog, std::vector<LeftAlone> left) {
    FileAnalysis file = parse(input_.migration);
    predict(file, catalog, table_, input_.prediction);
    return {.files = {{.name = input_.migration.path.filename().generic_string(),
                       .text = std::string(input_.migration.source.written()),
                       .phase = file.migration.phase}},
            .fixes = {},
            .left = std::move(left)};
  }

  Analysis analyse(const Piece& piece, Catalog& catalog) {
    Migration migration = input_.migration;
    if (files_.tool != nullptr) {
      read_text(migration, fix::text_of(files_.tool, piece));
      if (piece.off) with_settings(migration);
    } else {
      migration.source.text = piece.text();
    }
    migration.phase = piece.phase;
    Analysis analysis{.file = parse(std::move(migration)), .before = {}};
    Prediction prediction = start_prediction(analysis.file, catalog, table_, input_.prediction);
    for (const Statement& statement : analysis.file.script.statements) {
      std::optional<Catalog> before;
      if (may_be_rewritten(statement.tag)) before = catalog;
      analysis.file.effects.push_back(*prediction.next());
      analysis.before.push_back(std::move(before));
    }
    static_cast<void>(prediction.next());
    check(analysis.file, rules_, input_.checking);
    return analysis;
  }

  /// A file beside it, which is still to be written, says that there is no transaction.
  void with_settings(Migration& migration) const {
    if (files_.tool->settings.empty() || migration.source.reading == nullptr) return;
    Reading reading = *migration.source.reading;
    const bool one_message = files_.tool->names.is_folder;
    for (Reading::Block& block : reading.blocks)
      block.transaction = one_message ? FileTransaction::message : FileTransaction::none;
    migration.source.reading = std::make_shared<const Reading>(std::move(reading));
  }

  // ---- one round -----------------------------------------------------------------------------------------------------

  /// What the piece becomes; nothing: it stays. `catalog` moves on.
  std::vector<Piece> round(const Piece& piece, Catalog& catalog) {
    const Analysis analysis = analyse(piece, catalog);
    left_here_.clear();
    refused_.clear();
    is_broken_ =
        analysis.file.script.statements.size() != piece.items.size() || !analysis.file.script.errors.empty();
    if (is_broken_) return {};
    if (std::optional<Piece> rewritten = rewrite_statements(piece, analysis)) return {*std::move(rewritten)};
    if (auto pieces = cut(piece, analysis); !pieces.empty()) return pieces;
    if (std::optional<Piece> timed = add_lock_timeout(piece, analysis)) return {*std::move(timed)};
    note_what_is_left(piece, analysis);
    left_.insert(left_.end(), left_here_.begin(), left_here_.end());
    return {};
  }

  // ---- statements ----------------------------------------------------------------------------------------------------

  std::optional<Piece> rewrite_statements(const Piece& piece, const Analysis& analysis) {
    Piece out = piece;
    out.items.clear();
    bool changed = false;
    std::size_t begin = piece.header.size();
    const std::string& text = analysis.file.script.source.text;
    for (std::size_t i = 0; i < piece.items.size(); ++i) {
      begin = start_of(piece.items[i], text, begin);
      const fix::Rewritten rewritten = rewrite(analysis, i, piece.items[i].line);
      const auto* statements = std::get_if<fix::Replacement>(&rewritten);
      if (statements == nullptr || statements->empty()) {
        out.items.push_back(piece.items[i]);
      } else {
        const fix::Placed placed = place(analysis.file.script, i, piece.items[i], begin);
        std::vector<Item> items = in_place_of(placed, piece.items[i].line, *statements);
        std::ranges::move(items, std::back_inserter(out.items));
        changed = true;
      }
      begin += piece.items[i].text.size();
    }
    if (!changed) return std::nullopt;
    return out;
  }

  /// Piece::text() may put a separator in front.
  static std::size_t start_of(const Item& item, const std::string& text, std::size_t at) {
    return text.find(item.text, at);
  }

  /// Empty: nothing to be done.
  fix::Rewritten rewrite(const Analysis& analysis, std::size_t i, int line) {
    if (!analysis.before[i]) return fix::Replacement{};
    const Effect& effect = analysis.file.effects[i];
    if (effect.outcome != Outcome::runs) return fix::Replacement{};
    if (fix::Rewritten batches = rewrite_in_batches(analysis, i, line); !is_nothing(batches)) return batches;
    return rewrite_commands(analysis, i, line);
  }

  static bool is_nothing(const fix::Rewritten& rewritten) {
    const auto* statements = std::get_if<fix::Replacement>(&rewritten);
    return statements != nullptr && statements->empty();
  }

  fix::Rewritten rewrite_in_batches(const Analysis& analysis, std::size_t i, int line) {
    const Finding* finding = find(analysis.file, k_unbatched_dml, i);
    if (finding == nullptr) return fix::Replacement{};
    if (files_.tool != nullptr)
      return refuse(line, finding->finding, cat(files_.tool->tool, " knows no batches", k_by_hand));
    const Effect& effect = analysis.file.effects[i];
    if (effect.in_transaction_block && fix::controls_transactions(analysis.file)) {
      return refuse(line, finding->finding, "it stands between BEGIN and COMMIT: give it a file of its own");
    }
    fix::Rewritten batches = fix::in_batches(analysis.file, effect, *analysis.before[i]);
    if (const auto* refusal = std::get_if<Refusal>(&batches))
      return refuse(line, finding->finding, refusal->reason);
    note(k_batches, line, *finding);
    return batches;
  }

  fix::Rewritten rewrite_commands(const Analysis& analysis, std::size_t i, int line) {
    const Effect& effect = analysis.file.effects[i];
    std::vector<const CommandEffect*> wanted;
    for (const CommandEffect& command : effect.commands) {
      if (wants_safe_form(analysis.file, i, command)) wanted.push_back(&command);
    }
    if (wanted.empty()) return fix::Replacement{};
    const fix::Subject subject = subject_of(analysis, i, *wanted.front());
    const bool several = fix::has_several_parts(subject.statement());
    std::set<std::size_t> parts;
    for (const CommandEffect* command : wanted) parts.insert(command->command);
    const fix::StatementKind& kind = *fix::kind_of(wanted.front()->row->id);
    fix::Rewritten rewritten = several ? fix::split(subject, parts) : kind.rewrite(subject);
    if (needs_another_phase(rewritten) && files_.tool != nullptr)
      rewritten = Refusal{cat("its steps belong to several releases, and ", files_.tool->tool,
                              " runs all files at once", k_by_hand)};
    if (needs_another_phase(rewritten) && fix::controls_transactions(analysis.file))
      rewritten = Refusal{"its steps belong into several files, and this one has its own BEGIN and COMMIT"};
    if (is_nothing(rewritten)) return rewritten;
    const std::vector<std::string> findings = findings_about(analysis.file, i, *wanted.front()->row);
    if (const auto* refusal = std::get_if<Refusal>(&rewritten)) {
      refused_.insert(i);
      for (const std::string& finding : findings) refuse(line, finding, refusal->reason);
      return findings.empty() ? refuse(line, wanted.front()->row->id, refusal->reason) : fix::Replacement{};
    }
    note(several ? k_split_statement : kind.name, line, subject.target(), findings);
    return rewritten;
  }

  static bool needs_another_phase(const fix::Rewritten& rewritten) {
    const auto* steps = std::get_if<fix::Replacement>(&rewritten);
    return steps != nullptr &&
           std::ranges::any_of(*steps, [](const fix::Step& step) { return step.phase != Phase::expand; });
  }

  fix::Subject subject_of(const Analysis& analysis, std::size_t i, const CommandEffect& command) const {
    return {.file = analysis.file,
            .effect = analysis.file.effects[i],
            .command_effect = command,
            .before = *analysis.before[i],
            .pg_version = input_.checking.pg_version_assumed ? 0 : input_.prediction.pg_version};
  }

  /// Its row knows a safer form, somebody could be kept out, and nobody has allowed it.
  static bool wants_safe_form(const FileAnalysis& file, std::size_t i, const CommandEffect& command) {
    if (command.row == nullptr || command.inner != nullptr || command.row->instead.empty()) return false;
    if (fix::kind_of(command.row->id) == nullptr) return false;
    if (std::ranges::none_of(command.locks, keeps_others_out)) return false;
    return std::ranges::none_of(file.findings, [&](const Finding& finding) {
      return finding.statement == i && finding.row == command.row->id && finding.allowed;
    });
  }

  static std::vector<std::string> findings_about(const FileAnalysis& file, std::size_t i,
                                                 const EffectRow& row) {
    std::vector<std::string> names;
    for (const Finding& finding : file.findings) {
      if (finding.statement == i && finding.row == row.id && !finding.allowed)
        names.push_back(finding.finding);
    }
    return names;
  }

  static const Finding* find(const FileAnalysis& file, std::string_view name,
                             std::optional<std::size_t> statement) {
    const auto found = std::ranges::find_if(file.findings, [&](const Finding& finding) {
      return finding.finding == name && !finding.allowed && (!statement || finding.statement == statement);
    });
    return found == file.findings.end() ? nullptr : &*found;
  }

  // ---- transactions and files ------------------------------------------------------------------------------------------

  std::vector<Piece> cut(const Piece& piece, const Analysis& analysis) {
    if (auto pieces = cut_phase(piece, analysis, Phase::contract, fix::Place::contract); !pieces.empty())
      return pieces;
    if (auto pieces = cut_phase(piece, analysis, Phase::backfill, fix::Place::backfill); !pieces.empty())
      return pieces;
    if (auto pieces = cut_for(piece, analysis, k_forbidden_in_transaction, k_no_transaction,
                              fix::Place::no_transaction);
        !pieces.empty())
      return pieces;
    if (auto pieces = cut_before_use(piece, analysis); !pieces.empty()) return pieces;
    if (auto pieces = cut_for(piece, analysis, k_lock_held_across_statements, k_split_transaction,
                              fix::Place::transaction);
        !pieces.empty())
      return pieces;
    return cut_contract(piece, analysis);
  }

  /// Steps that were written for another phase than the file's.
  std::vector<Piece> cut_phase(const Piece& piece, const Analysis& analysis, Phase phase, fix::Place place) {
    if (piece.phase != Phase::expand) return {};
    std::set<std::size_t> steps;
    for (std::size_t i = 0; i < piece.items.size(); ++i) {
      if (piece.items[i].phase == phase) steps.insert(i);
    }
    if (steps.empty()) return {};
    auto cut = take_out(piece, analysis.file, steps, place, files_);
    auto* pieces = std::get_if<std::vector<Piece>>(&cut);
    return pieces != nullptr ? std::move(*pieces) : std::vector<Piece>();
  }

  std::vector<Piece> cut_for(const Piece& piece, const Analysis& analysis, std::string_view name,
                             std::string_view kind, fix::Place place) {
    std::vector<const Finding*> findings;
    std::set<std::size_t> statements;
    for (const Finding& finding : analysis.file.findings) {
      if (finding.finding != name || finding.allowed || !finding.statement) continue;
      findings.push_back(&finding);
      // What works for long is better not together with the next of its kind.
      if (place == fix::Place::no_transaction || statements.empty()) statements.insert(*finding.statement);
    }
    if (findings.empty()) return {};
    auto cut = take_out(piece, analysis.file, statements, place, files_);
    if (auto* pieces = std::get_if<std::vector<Piece>>(&cut)) {
      note(kind, piece.items[*findings.front()->statement].line, *findings.front());
      return std::move(*pieces);
    }
    for (const Finding* finding : findings) {
      refuse(piece.items[*finding->statement].line, finding->finding, std::get<Refusal>(cut).reason);
    }
    return {};
  }

  /// A value of an enum is added, and committed, before it is used.
  std::vector<Piece> cut_before_use(const Piece& piece, const Analysis& analysis) {
    const auto found = std::ranges::find_if(analysis.file.findings, [&](const Finding& finding) {
      return !finding.allowed && fails_until_commit(analysis.file, finding);
    });
    if (found == analysis.file.findings.end()) return {};
    const int line = piece.items[*found->statement].line;
    auto cut = take_out(piece, analysis.file, {*found->statement}, fix::Place::transaction, files_);
    if (auto* pieces = std::get_if<std::vector<Piece>>(&cut)) {
      note(k_commit_first, line, *found);
      return std::move(*pieces);
    }
    refuse(line, found->finding, std::get<Refusal>(cut).reason);
    return {};
  }

  std::vector<Piece> cut_contract(const Piece& piece, const Analysis& analysis) {
    std::set<std::size_t> statements;
    const Finding* first = nullptr;
    for (const Finding& finding : analysis.file.findings) {
      if (!is_about_the_phase(finding) || finding.allowed || !finding.statement) continue;
      if (refused_.contains(*finding.statement)) continue;
      if (is_renaming(finding)) {
        refuse(piece.items[*finding.statement].line, finding.finding,
               "the release before and the one after need different names at once: add the new one, let a "
               "trigger or a "
               "view keep both, and drop the old one in the contract phase");
        continue;
      }
      statements.insert(*finding.statement);
      if (first == nullptr) first = &finding;
    }
    if (first == nullptr) return {};
    const int line = piece.items[*first->statement].line;
    if (files_.tool != nullptr) {
      refuse(line, first->finding,
             cat("it belongs to a later release, and ", files_.tool->tool, " runs all files at once",
                 k_by_hand));
      return {};
    }
    auto cut = take_out(piece, analysis.file, statements, fix::Place::contract, files_);
    if (auto* pieces = std::get_if<std::vector<Piece>>(&cut)) {
      note(k_contract, line, *first);
      return std::move(*pieces);
    }
    refuse(line, first->finding, std::get<Refusal>(cut).reason);
    return {};
  }

  // ---- timeouts ------------------------------------------------------------------------------------------------------

  std::optional<Piece> add_lock_timeout(const Piece& piece, const Analysis& analysis) {
    const Finding* finding = find(analysis.file, k_waits_without_lock_timeout, std::nullopt);
    if (finding == nullptr || !finding->statement) return std::nullopt;
    const int line = piece.items[*finding->statement].line;
    if (analysis.file.effects[*finding->statement].lock_timeout_ms) {
      refuse(line, finding->finding, "the file itself sets lock_timeout to 0: give it a value");
      return std::nullopt;
    }
    const bool in_place = files_.tool == nullptr || files_.tool->in_place;
    if (!in_place && (analysis.file.effects[*finding->statement].needs_no_transaction ||
                      runs_one_by_one(analysis.file.script.source))) {
      refuse(line, finding->finding,
             "it must stand alone in its file: ALTER ROLE … SET lock_timeout for who runs it");
      return std::nullopt;
    }
    Piece out = piece;
    // What works for long outside of a transaction must not be cut off by it.
    const bool first =
        std::none_of(analysis.file.effects.begin(),
                     analysis.file.effects.begin() + static_cast<std::ptrdiff_t>(*finding->statement),
                     [](const Effect& effect) { return effect.needs_no_transaction; });
    const std::size_t place = first ? 0 : *finding->statement;
    // A tool's next file runs in the same session.
    const std::string_view setting = in_place ? "SET lock_timeout = '2s'" : "SET LOCAL lock_timeout = '2s'";
    out.items.insert(out.items.begin() + static_cast<std::ptrdiff_t>(place), fix::new_item(setting, line));
    note(k_lock_timeout, line, *finding);
    return out;
  }

  /// SET LOCAL would be over before the next statement.
  static bool runs_one_by_one(const SourceFile& source) {
    if (source.reading == nullptr || source.reading->blocks.empty()) return false;
    return source.reading->blocks.size() > 1 ||
           source.reading->blocks.front().transaction == FileTransaction::none;
  }

  // ---- what is said of it --------------------------------------------------------------------------------------------

  void note(std::string_view kind, int line, const Finding& finding) {
    fixes_.push_back(
        {.kind = kind, .line = line, .relation = finding.relation, .findings = {finding.finding}});
  }
  void note(std::string_view kind, int line, const RelationRef* target, std::vector<std::string> findings) {
    fixes_.push_back({.kind = kind,
                      .line = line,
                      .relation = target == nullptr ? RelationName() : target->name,
                      .findings = std::move(findings)});
  }
  fix::Rewritten refuse(int line, std::string finding, std::string reason) {
    left_here_.push_back({.line = line, .finding = std::move(finding), .reason = std::move(reason)});
    return fix::Replacement{};
  }

  /// Findings that no kind has said anything about.
  void note_what_is_left(const Piece& piece, const Analysis& analysis) {
    for (const Finding& finding : analysis.file.findings) {
      if (finding.allowed || finding.severity == Severity::info || !finding.statement) continue;
      const int line = piece.items[*finding.statement].line;
      const bool said =
          std::ranges::any_of(left_here_, [&](const LeftAlone& left) { return left.line == line; });
      if (!said)
        left_here_.push_back({.line = line, .finding = finding.finding, .reason = reason_of(finding)});
    }
  }

  static std::string reason_of(const Finding& finding) {
    if (finding.finding == "unmodeled-statement") return "what it does is not known";
    return "there is no form of it that could be written without knowing more: see its \"instead\" in lint";
  }

  // ---- what goes out -------------------------------------------------------------------------------------------------

  /// It was rewritten to what needs a file of its own, and cannot have one.
  bool cannot_run() const {
    return !fixes_.empty() && std::ranges::any_of(left_, [](const LeftAlone& left) {
      return left.finding == k_forbidden_in_transaction;
    });
  }

  /// Of the new files; none: its tool has no room for them.
  std::optional<std::vector<std::string>> names_of(const std::vector<Piece>& pieces) const {
    std::vector<std::string> labels;
    for (std::size_t i = 1; i < pieces.size(); ++i) labels.push_back(label_of(pieces[i]));
    if (files_.tool != nullptr)
      return fix::version_names(*files_.tool, input_.migration.path, input_.folder, labels);
    return fix::new_names(name_of_original(), input_.folder, labels);
  }

  LeftAlone no_names(std::size_t files) const {
    return {.line = 1,
            .finding = input_.migration.tool,
            .reason = cat("its safe form takes ", std::to_string(files),
                          " files, and there is no free version for them behind this one: make room, or give "
                          "it a later version")};
  }

  FixedMigration result_of(const std::vector<Piece>& pieces, const std::vector<std::string>& names) {
    FixedMigration result{.files = {}, .fixes = std::move(fixes_), .left = std::move(left_)};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      result.files.push_back({.name = i == 0 ? name_of_original() : names[i - 1],
                              .text = text_with_way_back(pieces[i], i == 0),
                              .phase = pieces[i].phase});
    }
    if (files_.tool != nullptr && !result.fixes.empty()) {
      add_ways_back(result, names);
      add_settings(result, pieces);
      result.then = files_.tool->then;
    }
    if (result.fixes.empty()) result.files.front().text = input_.migration.source.written();
    return result;
  }

  /// The original's takes back what all of them do.
  std::string text_with_way_back(const Piece& piece, bool is_original) const {
    std::string text = fix::text_of(files_.tool, piece);
    if (down_.empty()) return text;
    if (!text.ends_with('\n')) text += '\n';
    while (text.ends_with("\n\n")) text.pop_back();
    if (!text.ends_with("\n\r\n")) text += '\n';
    if (is_original) return text + down_;
    return cat(text, files_.tool->down, "\n", way_back(name_of_original(), "this file"));
  }

  static std::string way_back(const std::string& own, std::string_view file) {
    return cat("-- ", printable_line(own), " takes back what ", file,
               " does: go back over both.\nSELECT 1;\n");
  }

  /// The same, where the ways back are files of their own.
  void add_ways_back(FixedMigration& result, const std::vector<std::string>& names) const {
    const std::string own = fix::down_name(*files_.tool, name_of_original());
    const auto& beside = files_.tool->names.is_folder ? input_.own_folder : input_.folder;
    if (own.empty() || std::ranges::find(beside, own) == beside.end()) return;
    for (const std::string& name : names) {
      result.files.push_back({.name = fix::down_name(*files_.tool, name),
                              .text = way_back(named(own), named(name)),
                              .phase = input_.migration.phase});
    }
  }

  /// With its own folder, where all files have the same name.
  std::string named(const std::string& name) const {
    if (!files_.tool->names.is_folder) return name;
    if (name.starts_with("../")) return name.substr(3);
    return (input_.migration.path.parent_path().filename() / name).generic_string();
  }

  void add_settings(FixedMigration& result, const std::vector<Piece>& pieces) const {
    if (files_.tool->settings.empty()) return;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (!pieces[i].off) continue;
      Migration migration = input_.migration;
      migration.path = (migration.path.parent_path() / result.files[i].name).lexically_normal();
      read_text(migration, result.files[i].text);
      const auto& blocks = migration.source.reading->blocks;
      const bool known = std::ranges::none_of(
          blocks, [](const auto& block) { return block.transaction == FileTransaction::one; });
      if (known) continue;  // it finds out by itself, or has been told
      result.files.push_back({.name = fix::settings_name(*files_.tool, result.files[i].name),
                              .text = std::string(files_.tool->settings_text),
                              .phase = result.files[i].phase});
    }
  }

  std::string name_of_original() const { return input_.migration.path.filename().generic_string(); }

  static std::string label_of(const Piece& piece) {
    const Script script = parse({.path = {}, .text = piece.text()});
    const auto has = [&](std::string_view tag) {
      return std::ranges::any_of(script.statements, [&](const Statement& statement) {
        return std::ranges::any_of(statement.commands,
                                   [&](const Command& command) { return command.tag == tag; });
      });
    };
    if (piece.phase == Phase::contract) return "contract";
    if (piece.phase == Phase::backfill) return "backfill";
    if (has("AT_ValidateConstraint")) return "validate";
    if (has("IndexStmt") || has("ReindexStmt") || has("DropStmt")) return "index";
    if (has("AT_AddConstraint")) return "constraint";
    return "rest";
  }

  const FixInput& input_;
  const EffectTable& table_;
  const RuleBook& rules_;
  const fix::NewFiles files_;
  std::vector<AppliedFix> fixes_;
  std::vector<LeftAlone> left_;
  std::vector<LeftAlone> left_here_;  ///< in this round
  std::set<std::size_t> refused_;     ///< statements that no kind can rewrite
  bool is_broken_ = false;            ///< what was written is not what is read
  std::string down_;                  ///< the way back in the same file, with the line before it
};

}  // namespace

const std::vector<FixKind>& fix_kinds() {
  static const std::vector<FixKind> kinds = [] {
    std::vector<FixKind> all;
    for (const fix::StatementKind& kind : fix::statement_kinds()) all.push_back({kind.name, kind.sentence});
    all.push_back({k_split_statement, "a statement that does several things becomes several"});
    all.push_back({k_batches, "an UPDATE or DELETE of many rows is done in batches"});
    all.push_back({k_no_transaction, "what cannot run in a transaction gets a file without one"});
    all.push_back({k_split_transaction, "what works for long does so when no lock is held any more"});
    all.push_back({k_commit_first, "a new value of an enum is committed before it is used"});
    all.push_back({k_contract, "what breaks the running release waits for the contract phase"});
    all.push_back({k_lock_timeout, "a lock is not waited for without end"});
    return all;
  }();
  return kinds;
}

bool has_written_form(const FileAnalysis& file, const Finding& finding) {
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
         fix::kind_of(finding.row) != nullptr;
}

FixedMigration fix_migration(const FixInput& input, Catalog& catalog, const EffectTable& table,
                             const RuleBook& rules) {
  return Fixer(input, table, rules).run(catalog);
}

}  // namespace pgsluice
