// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/plan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "plan/breaks.hpp"
#include "plan/order.hpp"
#include "plan/sql_text.hpp"
#include "plan/steps.hpp"

namespace pgsluice {
namespace {

FileState state_of(MigrationState state) {
  switch (state) {
    case MigrationState::running: return FileState::running;
    case MigrationState::partial: return FileState::partial;
    case MigrationState::failed: return FileState::failed;
    case MigrationState::held: return FileState::pending;
    case MigrationState::applied:
    case MigrationState::baselined: return FileState::applied;
  }
  return FileState::pending;
}

PlanProblem whole_file(ExitCode code, const std::string& path, std::string message, std::string hint) {
  return {.code = code,
          .path = path,
          .position = {.line = 0, .column = 0},
          .message = std::move(message),
          .hint = std::move(hint)};
}

// ---- files that cannot be run as they are ----------------------------------------------------------------------

bool refuses(const Finding& finding, Phase phase, const PlanOptions& options) {
  if (finding.finding == "forbidden-in-transaction") {
    return true;  // no `allow` makes the server run it
  }
  return !options.unused_database && breaks_running_release(finding, phase);
}

std::string refusal_hint(const Finding& finding) {
  if (finding.finding == "forbidden-in-transaction") {
    return "Add -- pgsluice: transaction=off at the top of the file, and leave the statement alone in it.";
  }
  if (!finding.instead.empty()) {
    return finding.instead;
  }
  return "Move it to a file of the contract phase: -- pgsluice: phase=contract.";
}

/// What the file's tool would fill in must be filled in, also inside of strings.
void find_placeholders(const FileAnalysis& file, std::vector<PlanProblem>& problems) {
  if (!file.script.source.reading) return;
  const LineIndex lines(file.script.source);
  for (const Reading::Placeholder& one : file.script.source.reading->placeholders) {
    const std::string word = printable_line(one.name);
    const std::size_t begin = word.find_first_not_of("${:'\"");
    const std::string name = word.substr(begin, word.find_last_not_of("}'\"") + 1 - begin);
    problems.push_back({.code = ExitCode::usage,
                        .path = file.migration.id,
                        .position = lines.position(one.range.begin),
                        .message = cat("nobody says what ", word, " stands for"),
                        .hint = cat("Say it with --placeholder ", name, "=VALUE, or with ", name,
                                    " = \"…\" in the section [placeholders] of pgsluice.toml.")});
  }
}

void find_refusals(const FileAnalysis& file, const LedgerMigration* row, const PlanOptions& options,
                   std::vector<PlanProblem>& problems) {
  find_placeholders(file, problems);
  const LineIndex lines(file.script.source);
  const auto refuse = [&](const SourceRange& range, std::string message, std::string hint) {
    problems.push_back({.code = ExitCode::refused,
                        .path = file.migration.id,
                        .position = lines.position(range.begin),
                        .message = std::move(message),
                        .hint = std::move(hint)});
  };
  for (const SyntaxError& error : file.script.errors) {
    refuse(error.range, error.message, error.hint);
  }
  for (const ClientCommand& command : file.script.client_commands) {
    refuse(command.range, cat("a ", command.kind, " of psql cannot be run"),
           "Write it as SQL: pgsluice sends SQL statements to the server and nothing else.");
  }
  for (const DirectiveProblem& problem : file.directives.problems) {
    refuse(problem.range, problem.message, problem.hint);
  }
  for (const Finding& finding : file.findings) {
    if (row != nullptr && finding.statement && row->is_done(*finding.statement)) continue;
    if (refuses(finding, file.migration.phase, options)) {
      refuse(finding.range, cat(finding.finding, ": ", finding.message), refusal_hint(finding));
    }
  }
}

// ---- files against the ledger -----------------------------------------------------------------------------------

/// The folders of two applications may have the same small file, CREATE EXTENSION IF NOT EXISTS say.
bool is_of_another(const LedgerMigration& migration, const PlanOptions& options) {
  return !options.app.empty() && !migration.app.empty() && migration.app != options.app;
}

void compare_applied(PlannedFile& file, const LedgerMigration& row, const PlanOptions& options,
                     std::vector<PlanProblem>& problems) {
  const Migration& migration = file.analysis.migration;
  if (row.sha256 == migration.sha256) {
    return;
  }
  if (row.fingerprint == file.fingerprint) {
    problems.push_back(whole_file(ExitCode::ok, migration.id,
                                  "has changed since it was applied, in comments or layout only", {}));
    return;
  }
  file.state = FileState::changed;
  if (is_of_another(row, options)) {
    problems.push_back(whole_file(
        ExitCode::file_changed, migration.id,
        cat("has the name of a file that ", row.app, " has brought to this database, and other contents"),
        "One ledger knows one file by a name: give this one another name, or each application a database."));
    return;
  }
  problems.push_back(
      whole_file(ExitCode::file_changed, migration.id,
                 cat("has changed since it was applied", row.applied_at.empty() ? "" : " at ", row.applied_at,
                     " (sha256 was ", row.sha256.substr(0, 12), ", is ", migration.sha256.substr(0, 12), ")"),
                 "Restore the file, and put the change into a new migration."));
}

const PlannedStatement* statement_at(const std::vector<Step>& steps, int index) {
  for (const Step& step : steps) {
    for (const PlannedStatement& statement : step.statements) {
      if (static_cast<int>(statement.index) == index) {
        return &statement;
      }
    }
  }
  return nullptr;
}

// A backfill that has begun goes on with the text that it began with.
void compare_backfills(PlannedFile& file, const std::vector<Step>& steps, const LedgerMigration& row,
                       std::vector<PlanProblem>& problems) {
  for (const auto& [index, recorded] : row.backfills) {
    const PlannedStatement* found = statement_at(steps, index);
    if (found != nullptr && found->fingerprint == recorded.fingerprint) {
      continue;
    }
    file.state = FileState::changed;
    problems.push_back(whole_file(ExitCode::file_changed, file.analysis.migration.id,
                                  cat("has changed: the batches of its statement ", std::to_string(index + 1),
                                      " have begun (", std::to_string(recorded.done), " rows changed)"),
                                  "Restore that statement, and put the change into a new migration."));
    return;
  }
}

// What is done stays done: a statement that has run must still be in its place.
void compare_partial(PlannedFile& file, const std::vector<Step>& steps, const LedgerMigration& row,
                     std::vector<PlanProblem>& problems) {
  for (const auto& [index, recorded] : row.statements) {
    const PlannedStatement* found = statement_at(steps, index);
    if (!recorded.done || (found != nullptr && found->fingerprint == recorded.fingerprint)) {
      continue;
    }
    file.state = FileState::changed;
    problems.push_back(
        whole_file(ExitCode::file_changed, file.analysis.migration.id,
                   cat("has changed: its statement ", std::to_string(index + 1), " has been applied already"),
                   "Restore that statement; those that have not run yet may change."));
    return;
  }
}

std::vector<Step> remaining(std::vector<Step> steps, const LedgerMigration* row) {
  std::vector<Step> left;
  for (Step& step : steps) {
    const bool was_empty = step.statements.empty();
    std::erase_if(step.statements, [row](const PlannedStatement& statement) {
      return row != nullptr && row->is_done(statement.index);
    });
    if (was_empty || !step.statements.empty()) {
      left.push_back(std::move(step));
    }
  }
  if (left.empty() &&
      !steps.empty()) {  // all done, and the file was cut behind that: only the mark is missing
    Step mark;
    mark.id = steps.back().id;
    left.push_back(std::move(mark));
  }
  left.back().last = true;
  return left;
}

/// A changelog of Liquibase grows: all that has been applied of it is as it was, and something has come behind it.
bool has_grown(const PlannedFile& file, const std::vector<Step>& steps, const LedgerMigration& row) {
  if (file.analysis.migration.tool != tool::liquibase || row.statements.empty()) return false;
  if (row.fingerprint == file.fingerprint) return false;
  return std::all_of(row.statements.begin(), row.statements.end(), [&steps](const auto& entry) {
    const PlannedStatement* found = statement_at(steps, entry.first);
    return found != nullptr && found->fingerprint == entry.second.fingerprint;
  });
}

/// What is meant to run again when it has changed has changed.
bool is_to_be_repeated(const PlannedFile& file, const LedgerMigration& row) {
  const bool applied = row.state == MigrationState::applied || row.state == MigrationState::baselined;
  return applied && file.analysis.migration.repeatable && row.fingerprint != file.fingerprint;
}

PlannedFile plan_file(FileAnalysis analysis, std::size_t index, const LedgerMigration* row,
                      const PlanOptions& options, std::vector<PlanProblem>& problems) {
  PlannedFile file;
  file.analysis = std::move(analysis);
  file.fingerprint = fingerprint_of(file.analysis.script.source.text);
  if (row != nullptr && is_to_be_repeated(file, *row)) row = nullptr;
  file.state = row == nullptr ? FileState::pending : state_of(row->state);
  FileSteps made;
  if (file.state != FileState::applied || file.analysis.migration.tool == tool::liquibase)
    made = make_steps(file.analysis);
  if (file.state == FileState::applied && has_grown(file, made.steps, *row)) file.state = FileState::partial;
  if (file.state == FileState::applied) {
    compare_applied(file, *row, options, problems);
    return file;
  }
  if (row != nullptr) {
    compare_partial(file, made.steps, *row, problems);
    compare_backfills(file, made.steps, *row, problems);
  }
  if (options.phase && *options.phase != file.analysis.migration.phase) {
    file.state = file.state == FileState::pending ? FileState::held : file.state;
    file.holds.push_back(
        {.reason = "phase", .words = cat("only ", to_string(*options.phase), " was asked for")});
    return file;
  }
  problems.insert(problems.end(), made.problems.begin(), made.problems.end());
  find_refusals(file.analysis, row, options, problems);
  if (file.state != FileState::changed) {
    file.steps = remaining(std::move(made.steps), row);
    for (Step& step : file.steps) {
      step.file = index;
    }
  }
  return file;
}

// ---- the folder as a whole --------------------------------------------------------------------------------------

/// Releases that have come with it have come with it under its new name. That may have been the name of a step that was never
/// done: it waited, was renamed, and is renamed back.
std::string renaming_sql(const std::string& from, const std::string& to, const Ledger& ledger) {
  const std::string old_id = cat("'", replace_all(from, "'", "''"), "'");
  const std::string new_id = cat("'", replace_all(to, "'", "''"), "'");
  const std::string clear =
      ledger.migrations.contains(to)
          ? cat("DELETE FROM pgsluice.migration WHERE id = ", new_id, " AND applied_at IS NULL; ")
          : "";
  std::string rename = cat(clear, "UPDATE pgsluice.migration SET id = ", new_id, " WHERE id = ", old_id);
  if (ledger.version < k_app_ledger_version) return rename;
  return cat(rename, "; UPDATE pgsluice.migration SET rests_on = array_replace(rests_on, ", old_id, ", ",
             new_id, "); UPDATE pgsluice.bundle SET files = array_replace(files, ", old_id, ", ", new_id,
             ")");
}

// A renamed file would be applied a second time.
void find_renames(Plan& plan, const Ledger& ledger, const PlanOptions& options) {
  for (const PlannedFile& file : plan.files) {
    if (file.state != FileState::pending) {
      continue;
    }
    for (const LedgerMigration& gone : plan.missing) {
      if (gone.sha256 == file.analysis.migration.sha256 && is_applied(gone.state) &&
          !is_of_another(gone, options)) {
        plan.problems.push_back(whole_file(
            ExitCode::refused, file.analysis.migration.id,
            cat("has the contents of ", gone.id, ", which is applied and no longer there: was it renamed?"),
            cat("Rename it back, or tell the ledger: ",
                renaming_sql(gone.id, file.analysis.migration.id, ledger),
                " (pgsluice.statement and pgsluice.attempt follow by themselves).")));
      }
    }
  }
}

void find_late_files(Plan& plan) {
  bool applied_later = false;
  for (auto file = plan.files.rbegin(); file != plan.files.rend(); ++file) {
    if (file->state == FileState::applied) {
      applied_later = true;
    } else if (applied_later && file->state == FileState::pending &&
               file->analysis.migration.phase != Phase::contract) {  // that one comes late by its nature
      plan.problems.push_back(whole_file(ExitCode::ok, file->analysis.migration.id,
                                         "is ordered before a migration that is already applied; it runs now",
                                         {}));
    }
  }
}

}  // namespace

std::string_view to_string(FileState state) {
  switch (state) {
    case FileState::pending: return "pending";
    case FileState::running: return "running";
    case FileState::partial: return "partial";
    case FileState::failed: return "failed";
    case FileState::applied: return "applied";
    case FileState::changed: return "changed";
    case FileState::held: return "held";
  }
  return "pending";
}

const PlanProblem* Plan::refusal() const {
  // A file that has changed puts everything after it in doubt: it comes first.
  for (const ExitCode code : {ExitCode::file_changed, ExitCode::usage, ExitCode::refused}) {
    for (const PlanProblem& problem : problems) {
      if (problem.code == code) {
        return &problem;
      }
    }
  }
  return nullptr;
}

std::size_t Plan::pending_steps() const {
  std::size_t steps = 0;
  for (const PlannedFile& file : files) {
    steps += file.steps.size();
  }
  return steps;
}

Plan make_plan(std::vector<FileAnalysis> files, const Ledger& ledger, const PlanOptions& options) {
  Plan plan;
  std::map<std::string, const LedgerMigration*> unseen;
  for (const auto& [id, row] : ledger.migrations) {
    unseen[id] = &row;
  }
  for (FileAnalysis& analysis : files) {
    const std::string id = analysis.migration.id;
    const auto row = ledger.migrations.find(id);
    plan.files.push_back(plan_file(std::move(analysis), plan.files.size(),
                                   row == ledger.migrations.end() ? nullptr : &row->second, options,
                                   plan.problems));
    unseen.erase(id);
  }
  for (const auto& [id, row] : unseen) {
    plan.missing.push_back(*row);
    plan.problems.push_back(whole_file(ExitCode::ok, id, "is in the ledger and not in the folder", {}));
  }
  find_renames(plan, ledger, options);
  find_late_files(plan);
  hold_contracts(plan, ledger, options);
  return plan;
}

}  // namespace pgsluice
