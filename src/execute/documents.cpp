// SPDX-License-Identifier: Apache-2.0
#include "execute/documents.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/version.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

OrderedJson tool_json() {
  return {{"name", "pgsluice"}, {"version", k_version}};
}

OrderedJson failure_json(const StatementFailure& failure) {
  return {{"path", failure.path},
          {"line", failure.position.line},
          {"column", failure.position.column},
          {"sqlstate", failure.error.sqlstate},
          {"message", failure.error.message},
          {"detail", failure.error.detail},
          {"hint", failure.error.hint},
          {"relation", failure.error.relname.empty()
                           ? ""
                           : RelationName{failure.error.schemaname, failure.error.relname}.quoted()},
          {"constraint", failure.error.constraint}};
}

OrderedJson problem_json(const PlanProblem& problem) {
  return {{"severity", problem.code == ExitCode::ok ? "warning" : "error"},
          {"path", problem.path},
          {"line", problem.position.line},
          {"column", problem.position.column},
          {"message", problem.message},
          {"hint", problem.hint}};
}

/// One line of the status: a file, a row of the ledger, or both.
struct StatusLine {
  std::string id;
  std::string phase;
  std::string state;
  const LedgerMigration* row = nullptr;
  const std::vector<Held>* holds = nullptr;
};

// "running" is what the ledger last heard. Without a run it is what a killed one has left.
std::string shown_state(FileState state, const LedgerMigration* row, const Ledger& ledger) {
  if (state == FileState::applied && row != nullptr) {
    return std::string(to_string(row->state));
  }
  if (state == FileState::running && !ledger.active) {
    return "partial";
  }
  return std::string(to_string(state));
}

std::vector<StatusLine> status_lines(const Plan& plan, const Ledger& ledger) {
  std::vector<StatusLine> lines;
  for (const PlannedFile& file : plan.files) {
    const Migration& migration = file.analysis.migration;
    const auto row = ledger.migrations.find(migration.id);
    const LedgerMigration* known = row == ledger.migrations.end() ? nullptr : &row->second;
    lines.push_back({.id = migration.id,
                     .phase = std::string(to_string(migration.phase)),
                     .state = shown_state(file.state, known, ledger),
                     .row = known,
                     .holds = &file.holds});
  }
  for (const LedgerMigration& missing : plan.missing) {
    lines.push_back({.id = missing.id, .phase = missing.phase, .state = "missing", .row = &missing});
  }
  return lines;
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson backfills_json(const LedgerMigration& row) {
  OrderedJson backfills = OrderedJson::array();
  for (const auto& [index, backfill] : row.backfills) {
    backfills.push_back(
        {{"statement", index},
         {"state", backfill.state},
         {"reason", text_or_null(backfill.reason)},
         {"walked", backfill.walked},
         {"changed", backfill.done},
         {"estimate", backfill.estimate ? OrderedJson(*backfill.estimate) : OrderedJson(nullptr)}});
  }
  return backfills;
}

/// "backfill 34 %, 3400 rows changed; throttled: replica a is 12s behind"
std::string backfill_text(const LedgerBackfill& backfill) {
  const bool known = backfill.estimate && *backfill.estimate > 0;
  const std::string part =
      known ? cat(std::to_string(std::min(99LL, backfill.walked * 100 / *backfill.estimate)), " %, ") : "";
  const std::string state = backfill.state == "running" ? "" : cat("; ", backfill.state);
  return printable_line(cat("backfill ", part, std::to_string(backfill.done), " rows changed", state,
                            backfill.reason.empty() ? "" : ": ", backfill.reason));
}

OrderedJson holds_json(const std::vector<Held>* holds) {
  OrderedJson array = OrderedJson::array();
  for (const Held& hold : holds == nullptr ? std::vector<Held>{} : *holds) {
    array.push_back({{"reason", hold.reason}, {"message", hold.words}});
  }
  return array;
}

OrderedJson status_line_json(const StatusLine& line) {
  const LedgerMigration none;
  const LedgerMigration& row = line.row == nullptr ? none : *line.row;
  return {{"id", line.id},
          {"phase", line.phase},
          {"state", line.state},
          {"applied_at", text_or_null(row.applied_at)},
          {"applied_by", text_or_null(row.applied_by)},
          {"duration_ms", line.row == nullptr ? OrderedJson(nullptr) : OrderedJson(row.duration_ms)},
          {"error", text_or_null(row.error)},
          {"backfills", backfills_json(row)},
          {"release", text_or_null(row.release)},
          {"held", holds_json(line.holds)}};
}

Style style_of(const std::string& state) {
  if (state == "applied" || state == "baselined") {
    return Style::good;
  }
  if (state == "failed" || state == "changed") {
    return Style::error;
  }
  return state == "pending" || state == "held" ? Style::plain : Style::warning;
}

std::string padded(const std::string& text, std::size_t width) {
  const auto columns = static_cast<std::size_t>(display_width(text));
  return columns < width ? text + std::string(width - columns, ' ') : text;
}

std::string status_row(const StatusLine& line, std::size_t width, const Painter& paint) {
  static const std::map<int, LedgerBackfill> none;
  std::string text = cat(padded(printable_line(line.id), width), "  ", padded(line.phase, 8), "  ",
                         paint(style_of(line.state), padded(line.state, 8)));
  if (line.row != nullptr && !line.row->applied_at.empty()) {
    text += cat("  ", line.row->applied_at, "  ", format_duration(milliseconds(line.row->duration_ms)),
                "  run ", line.row->applied_by.substr(0, 8));
  } else if (line.row != nullptr && !line.row->error.empty()) {
    text += cat("  ", printable_line(line.row->error));
  }
  for (const auto& [index, backfill] : line.row == nullptr ? none : line.row->backfills) {
    text += backfill.state == "done" ? "" : cat("  ", backfill_text(backfill));
  }
  for (const Held& hold : line.holds == nullptr ? std::vector<Held>{} : *line.holds) {
    text += cat("\n", std::string(width, ' '), "  held back: ", printable_line(hold.words));
  }
  return text + "\n";
}

}  // namespace

OrderedJson to_json(const Blocker& blocker) {
  return {{"kind", kind_of(blocker)},
          {"pid", blocker.pid == 0 ? OrderedJson(nullptr) : OrderedJson(blocker.pid)},
          {"prepared_transaction", text_or_null(blocker.prepared)},
          {"application_name", blocker.application_name},
          {"user", blocker.user},
          {"client", blocker.client},
          {"state", blocker.state},
          {"backend_type", blocker.backend_type},
          {"age_ms", blocker.age ? OrderedJson(blocker.age->count()) : OrderedJson(nullptr)},
          {"relation", blocker.relation},
          {"mode", blocker.mode},
          {"query", blocker.query}};
}

OrderedJson to_json(const std::vector<Blocker>& blockers) {
  OrderedJson array = OrderedJson::array();
  for (const Blocker& blocker : blockers) {
    array.push_back(to_json(blocker));
  }
  return array;
}

OrderedJson predicted_locks_json(const Step& step) {
  OrderedJson array = OrderedJson::array();
  for (const RelationLock& lock : step.locks) {
    array.push_back(
        {{"relation", lock.relation.quoted()}, {"mode", lock_name(lock.mode)}, {"role", lock.role}});
  }
  return array;
}

OrderedJson to_json(const StepReport& step) {
  return {{"id", step.id},
          {"migration", step.migration},
          {"phase", to_string(step.phase)},
          {"state", to_string(step.state)},
          {"transaction", step.in_transaction},
          {"attempts", step.attempts},
          {"waited_ms", step.waited.count()},
          {"held_ms", step.held.count()},
          {"max_victims", step.max_victims},
          {"worst_victim_ms", step.worst_victim.count()},
          {"blockers", to_json(step.blockers)},
          {"error", step.failure ? failure_json(*step.failure) : OrderedJson(nullptr)}};
}

OrderedJson problems_json(const Plan& plan) {
  OrderedJson problems = OrderedJson::array();
  for (const PlanProblem& problem : plan.problems) {
    problems.push_back(problem_json(problem));
  }
  return problems;
}

OrderedJson held_json(const Plan& plan) {
  OrderedJson held = OrderedJson::array();
  for (const PlannedFile& file : plan.files) {
    if (!file.holds.empty()) {
      held.push_back({{"migration", file.analysis.migration.id}, {"held", holds_json(&file.holds)}});
    }
  }
  return held;
}

OrderedJson active_run_json(const Ledger& ledger) {
  if (!ledger.active) {
    return nullptr;
  }
  return {{"pid", ledger.active->pid},
          {"application_name", ledger.active->application_name},
          {"user", ledger.active->user},
          {"since", ledger.active->since}};
}

std::string place_of(const PlanProblem& problem) {
  const std::string path = printable_line(problem.path);
  return problem.position.line == 0 ? path
                                    : cat(path, ":", std::to_string(problem.position.line), ":",
                                          std::to_string(problem.position.column));
}

std::string with_hint(const PlanProblem& problem) {
  const bool several_lines = problem.hint.find('\n') != std::string::npos;
  const std::string_view before = problem.hint.empty() ? "" : several_lines ? "\n" : ". ";
  return cat(printable_line(problem.message), before, printable(problem.hint));
}

std::string summary(const RunReport& report) {
  const auto done = std::ranges::count(report.steps, StepState::applied, &StepReport::state);
  return cat("applied ", count_of(report.applied.size(), "migration"), " in ",
             count_of(static_cast<std::size_t>(done), "step"));
}

OrderedJson apply_document(const Plan& plan, const RunReport& report) {
  OrderedJson steps = OrderedJson::array();
  for (const StepReport& step : report.steps) {
    steps.push_back(to_json(step));
  }
  return {{"schema", 1},
          {"tool", tool_json()},
          {"run", report.run_id},
          {"exit_code", static_cast<int>(report.code)},
          {"message", report.message},
          {"hint", report.hint},
          {"applied", report.applied},
          {"steps", steps},
          {"held", held_json(plan)},
          {"problems", problems_json(plan)}};
}

OrderedJson status_document(const Plan& plan, const Ledger& ledger) {
  OrderedJson migrations = OrderedJson::array();
  for (const StatusLine& line : status_lines(plan, ledger)) {
    migrations.push_back(status_line_json(line));
  }
  OrderedJson steps = OrderedJson::array();
  for (const PlannedFile& file : plan.files) {
    for (const Step& step : file.steps) {
      StepReport pending;
      pending.id = step.id;
      pending.migration = file.analysis.migration.id;
      pending.phase = file.analysis.migration.phase;
      pending.in_transaction = step.in_transaction;
      steps.push_back(to_json(pending));
    }
  }
  return {{"schema", 1},
          {"tool", tool_json()},
          {"ledger", ledger.exists},
          {"active_run", active_run_json(ledger)},
          {"migrations", migrations},
          {"steps", steps},
          {"problems", problems_json(plan)}};
}

std::string status_text(const Plan& plan, const Ledger& ledger, const Painter& paint) {
  const std::vector<StatusLine> lines = status_lines(plan, ledger);
  std::size_t width = 9;
  for (const StatusLine& line : lines) {
    width = std::max(width, static_cast<std::size_t>(display_width(printable_line(line.id))));
  }
  std::string text =
      paint(Style::heading, cat(padded("migration", width), "  phase     state     applied")) + "\n";
  for (const StatusLine& line : lines) {
    text += status_row(line, width, paint);
  }
  if (ledger.active) {
    text += cat("A run is active: pid ", std::to_string(ledger.active->pid), " ",
                printable_line(ledger.active->application_name), ", since ", ledger.active->since, "\n");
  }
  if (!ledger.exists) {
    text += "This database has no ledger yet: nothing has been applied by pgsluice.\n";
  }
  return text;
}

std::string event_text(const Event& event, const Painter& paint) {
  const Style style = event.severity == Severity::error     ? Style::error
                      : event.severity == Severity::warning ? Style::warning
                      : event.name == "step-applied"        ? Style::good
                                                            : Style::plain;
  const std::string subject =
      event.subject.empty() ? "" : paint(Style::strong, printable_line(event.subject)) + "  ";
  return cat(subject, paint(style, event.message), "\n");
}

std::string event_json(const Event& event, std::string_view timestamp) {
  OrderedJson line{{"time", timestamp}, {"level", to_string(event.severity)}, {"event", event.name}};
  if (!event.subject.empty()) {
    line["subject"] = event.subject;
  }
  line["message"] = event.message;
  for (const auto& [name, value] : event.fields) {
    std::visit([&, &name = name](const auto& plain) { line[name] = plain; }, value);
  }
  return dump(line) + "\n";
}

}  // namespace pgsluice
