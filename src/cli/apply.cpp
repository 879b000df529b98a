// SPDX-License-Identifier: Apache-2.0
// pgsluice apply: runs what is pending.

#include <algorithm>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "catalog/read.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "execute/backfill_key.hpp"
#include "execute/documents.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {
namespace {

enum class Format { text, json };
enum class PhaseChoice { all, expand, backfill, contract };

struct ApplyOptions {
  std::string directory;
  std::string url;
  std::string rules;
  Format format = Format::text;
  PhaseChoice phase = PhaseChoice::all;
  std::optional<milliseconds> lock_timeout;
  std::optional<milliseconds> lock_budget;
  std::optional<milliseconds> statement_timeout;
  std::optional<milliseconds> wait_for_run;
  std::optional<milliseconds> wait_for_db;
  bool detach = false;
};

RunOptions run_options(const ApplyOptions& options) {
  RunOptions run;
  run.lock_timeout = options.lock_timeout.value_or(run.lock_timeout);
  run.lock_budget = options.lock_budget.value_or(run.lock_budget);
  run.statement_timeout = options.statement_timeout.value_or(run.statement_timeout);
  run.wait_for_run = options.wait_for_run.value_or(run.wait_for_run);
  run.wait_for_db = options.wait_for_db.value_or(run.wait_for_db);
  run.detach = options.detach;
  if (run.lock_timeout <= milliseconds(0)) {
    throw Error(ExitCode::usage, "--lock-timeout must be more than 0",
                "0 would wait for ever, and everybody who comes after would wait behind it.");
  }
  return run;
}

std::optional<Phase> phase_of(PhaseChoice choice) {
  switch (choice) {
    case PhaseChoice::expand: return Phase::expand;
    case PhaseChoice::backfill: return Phase::backfill;
    case PhaseChoice::contract: return Phase::contract;
    case PhaseChoice::all: break;
  }
  return std::nullopt;
}

std::string place(const PlanProblem& problem) {
  return problem.position.line == 0 ? problem.path
                                    : cat(problem.path, ":", std::to_string(problem.position.line), ":",
                                          std::to_string(problem.position.column));
}

/// A hint of several lines is SQL to copy: it stays as it is.
std::string with_hint(const PlanProblem& problem) {
  const bool several_lines = problem.hint.find('\n') != std::string::npos;
  const std::string_view before = problem.hint.empty() ? "" : several_lines ? "\n" : ". ";
  return cat(printable_line(problem.message), before, printable(problem.hint));
}

void tell_problems(const Plan& plan, const World& world) {
  for (const PlanProblem& problem : plan.problems) {
    const bool warning = problem.code == ExitCode::ok;
    world.emit({.severity = warning ? Severity::warning : Severity::error,
                .name = warning ? "plan-warning" : "refused",
                .subject = place(problem),
                .message = with_hint(problem)});
  }
}

RunReport refused(const PlanProblem& problem, const World& world) {
  RunReport report;
  report.code = problem.code;
  report.run_id = world.run_id;
  report.message = cat("nothing was run: ", place(problem), " ", printable_line(problem.message));
  report.hint = problem.hint;
  return report;
}

std::vector<std::string> not_applied(const Plan& plan, const RunReport& report) {
  std::vector<std::string> ids;
  for (const PlannedFile& file : plan.files) {
    const std::string& id = file.analysis.migration.id;
    const bool done = file.state == FileState::applied ||
                      std::find(report.applied.begin(), report.applied.end(), id) != report.applied.end();
    if (!done && file.state != FileState::held) ids.push_back(printable_line(id));
  }
  return ids;
}

void print_summary(const Plan& plan, const RunReport& report, const GlobalOptions& options) {
  const Painter paint(wants_color(options.color, STDOUT_FILENO));
  if (report.code == ExitCode::ok) {
    if (!options.quiet) std::cout << paint(Style::good, report.message) << '\n';
    return;
  }
  std::vector<std::string> applied;
  for (const std::string& id : report.applied) applied.push_back(printable_line(id));
  std::cout << paint(Style::error, "stopped: ") << report.message << '\n';
  if (!report.hint.empty()) std::cout << report.hint << '\n';
  std::cout << "applied by this run: " << (applied.empty() ? "nothing" : join(applied, ", ")) << '\n'
            << "not applied: " << join(not_applied(plan, report), ", ") << '\n';
}

void tell_end(const RunReport& report, const World& world) {
  if (report.code != ExitCode::ok && !report.steps.empty()) {
    world.emit({.severity = Severity::error,
                .name = "run-stopped",
                .message = report.message,
                .fields = {{"exit_code", static_cast<long long>(report.code)}}});
  }
}

/// What the server has now; nothing when no file is pending, or when a table is being changed at this moment: then the
/// files themselves say what is there.
std::optional<Catalog> read_live(const std::vector<Migration>& migrations, const Ledger& ledger,
                                 Worker& worker, const World& world, const RunOptions& run) {
  const auto is_applied = [&ledger](const Migration& migration) { return ledger.is_applied(migration.id); };
  if (std::all_of(migrations.begin(), migrations.end(), is_applied)) return std::nullopt;
  auto result = try_read_snapshot(*worker.session, {.lock_timeout = run.lock_timeout, .sizes = false});
  if (const auto* snapshot = std::get_if<Snapshot>(&result)) return make_catalog(*snapshot);
  world.emit({.severity = Severity::warning,
              .name = "catalog-not-read",
              .message = cat("cannot read the catalogs, so the files alone say what is there: ",
                             printable_line(std::get<ReadFailure>(result).error.message))});
  return std::nullopt;
}

ExitCode run_apply(const ApplyOptions& options, const GlobalOptions& global) {
  const RunOptions run = run_options(options);
  std::vector<Migration> migrations = discover(options.directory);
  const RealWorld real(options.url, pg::Access::read_write, global);
  const World& world = real.world();
  Worker worker = open_worker(world, run);
  const Ledger ledger = read_ledger(*worker.session);
  Basis basis{.pg_version = worker.session->server_version_num() / 10000,
              .schemas = worker.schemas,
              .ledger = ledger,
              .live = read_live(migrations, ledger, worker, world, run)};
  Plan plan = make_plan(analyse_folder(std::move(migrations), std::move(basis), options.rules), ledger,
                        {.phase = phase_of(options.phase)});
  for (PlanProblem& problem : check_backfills(plan, *worker.session))
    plan.problems.push_back(std::move(problem));
  tell_problems(plan, world);
  const PlanProblem* refusal = plan.refusal();
  const RunReport report = refusal ? refused(*refusal, world) : execute(plan, worker, world, run);
  tell_end(report, world);
  if (options.format == Format::json) {
    std::cout << dump_pretty(apply_document(plan, report));
  } else {
    print_summary(plan, report, global);
  }
  return report.code;
}

void add_budgets(CLI::App& app, ApplyOptions& options) {
  add_duration(app, "--lock-timeout", options.lock_timeout, "longest queueing for one lock (default 200ms)");
  add_duration(app, "--lock-budget", options.lock_budget,
               "longest time to get the locks of one step (default 10m)");
  add_duration(app, "--statement-timeout", options.statement_timeout,
               "longest run of one statement (default: no limit)");
  add_duration(app, "--wait-for-run", options.wait_for_run,
               "how long to wait for another active run (default 30s)");
  add_duration(app, "--wait-for-db", options.wait_for_db,
               "how long to wait for a writable server (default 5m)");
}

}  // namespace

Runner add_apply(CLI::App& app) {
  const auto options = std::make_shared<ApplyOptions>();
  app.add_option("DIR", options->directory, "folder of migrations")->required();
  add_database_url(app, options->url);
  add_choice(app, "--phase", options->phase,
             {{"all", PhaseChoice::all},
              {"expand", PhaseChoice::expand},
              {"backfill", PhaseChoice::backfill},
              {"contract", PhaseChoice::contract}},
             "run only the migrations of this phase");
  add_budgets(app, *options);
  app.add_flag("--detach", options->detach,
               "leave backfills to a later apply, and end well at the first one");
  add_choice(app, "--format", options->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the result");
  app.add_option("--rules", options->rules, "folder of rules that add to or replace the built-in ones")
      ->type_name("DIR");
  return [options](const GlobalOptions& global) { return run_apply(*options, global); };
}

}  // namespace pgsluice::cli
