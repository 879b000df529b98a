// SPDX-License-Identifier: Apache-2.0
#include "oracle/compare.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/text.hpp"

namespace pgsluice::oracle {

namespace {

Script script(const std::string& name, const std::string& sql) {
  return parse({.path = name, .text = sql});
}

/// What rows are there is another matter than whether they can be read.
bool changes_rows(std::string_view tag) {
  constexpr std::array<std::string_view, 8> k_tags = {"InsertStmt",   "UpdateStmt", "DeleteStmt", "MergeStmt",
                                                      "TruncateStmt", "CopyStmt",   "CallStmt",   "DoStmt"};
  return std::ranges::find(k_tags, tag) != k_tags.end();
}

}  // namespace

RowCheck::RowCheck(const Server& server, const std::string& database, const EffectTable& table)
    : version_(server.version),
      table_(table),
      runner_(server, database),
      holder_(server, database),
      watcher_(server, database),
      reader_(server, database),
      application_(server, reader_) {}

RowResult RowCheck::run(const EffectRow& row) {
  RowResult result{.row = row.id, .version = version_, .example = row.example};
  const auto fail = [&result](Verdict verdict, std::string why) {
    result.verdict = verdict;
    result.problem = std::move(why);
    return result;
  };
  Catalog catalog;
  const PredictOptions options{.pg_version = version_, .transaction = FileTransaction::none};
  predict(script("setup.sql", row.setup), catalog, table_, options);
  const Script example = script("example.sql", row.example);
  if (example.statements.size() != 1) return fail(Verdict::failed, "the example is not one statement");
  const std::vector<Effect> effects = predict(example, catalog, table_, options);
  const Effect& effect = effects.at(0);
  const auto selects = [&row](const CommandEffect& command) {
    return command.row != nullptr && command.row->id == row.id;
  };
  if (std::ranges::none_of(effect.commands, selects)) {
    const EffectRow* other = effect.commands.empty() ? nullptr : effect.commands.front().row;
    return fail(Verdict::unmodeled, "the example selects " + (other != nullptr ? other->id : "no row"));
  }
  const bool alone = row.transaction == TransactionNeed::forbidden;
  try {
    prepare(runner_, row.setup);
    const Statement& statement = example.statements.front();
    Observation observed = observe(runner_, statement, row.example, alone);
    if (!row.unproven.empty() && observed.error) return result;
    if (!row.unproven.empty()) return fail(Verdict::failed, "the server runs what is said to be unproven");
    if (observed.error) return fail(Verdict::failed, "the server says: " + observed.error->message);
    probe_locks(effect, observed, row);
    observed.sampled = false;  // they have been probed
    result.differences = compare(effect, statement, observed, {}, Unseen::differs);
    const std::string why = result.differences.empty() ? refute_breaks(row) : std::string();
    if (!why.empty()) return fail(Verdict::failed, why);
  } catch (const std::exception& error) {
    return fail(Verdict::failed, error.what());
  }
  result.verdict = test::verdict_of(result.differences);
  return result;
}

/// Locks that pg_locks does not show at the end: released before, or of a statement that runs alone. A second
/// session gets in the way and sees what is asked for.
void RowCheck::probe_locks(const Effect& effect, Observation& observed, const EffectRow& row) {
  for (const RelationLock& lock : effect.locks) {
    if (lock.is_new) continue;
    const auto found = observed.locks.find(lock.relation.quoted());
    if (found != observed.locks.end() && found->second.mode >= lock.mode && !found->second.is_new) continue;
    // A concurrent command takes an index only when it has waited for everybody who uses it: there is no moment
    // at which a second session could make it wait for the index itself.
    const bool alone = row.transaction == TransactionNeed::forbidden;
    if (!probe(row, lock) && !(alone && is_index(lock.relkind))) continue;
    ObservedLock& entry = observed.locks[lock.relation.quoted()];
    entry.relkind = lock.relkind;
    entry.mode = std::max(entry.mode, lock.mode);
  }
  if (row.transaction != TransactionNeed::forbidden) return;
  for (const RelationLock& lock : effect.locks) {
    if (lock.is_new) continue;
    prepare(runner_, row.setup);
    Probe stronger{.runner = runner_, .holder = holder_, .watcher = watcher_};
    const auto mode = stronger.stronger_than(row.example, lock.relation.quoted(), lock.relkind, lock.mode);
    if (mode && *mode > lock.mode) observed.locks[lock.relation.quoted()].mode = *mode;
  }
}

/// The running release sees what is committed.
std::string RowCheck::refute_breaks(const EffectRow& row) {
  prepare(runner_, row.setup);
  application_.start(row.broken);
  runner_.run(row.transaction == TransactionNeed::forbidden ? row.example
                                                            : "BEGIN; " + row.example + "; COMMIT");
  const bool of_rows = row.destroys_data || changes_rows(row.on);
  const std::vector<Complaint> complaints = application_.complaints(!of_rows);
  const Breaks observed = whom(complaints);
  if (observed == row.breaks) return {};
  std::string why = cat("breaks ", to_string(row.breaks), " it says, and ", to_string(observed), " it is");
  for (const Complaint& complaint : complaints)
    why += cat("\n      ", complaint.use, "\n        ", complaint.error);
  if (complaints.empty()) why += "; show what it breaks in `broken`";
  return why;
}

bool RowCheck::probe(const EffectRow& row, const RelationLock& lock) {
  prepare(runner_, row.setup);
  if (watcher_.run("SELECT to_regclass($name$" + lock.relation.quoted() + "$name$)")[0][0].empty())
    return false;
  Probe probe{.runner = runner_, .holder = holder_, .watcher = watcher_};
  return probe.asks_for(row.example, lock.relation.quoted(), lock.relkind, lock.mode);
}

std::string describe(const RowResult& result) {
  std::ostringstream out;
  out << "\n  " << result.row << "  on PostgreSQL " << result.version << ": "
      << test::to_string(result.verdict) << "\n    " << result.example << "\n";
  if (!result.problem.empty()) out << "    " << result.problem << "\n";
  out << test::describe(result.differences);
  return out.str();
}

}  // namespace pgsluice::oracle
