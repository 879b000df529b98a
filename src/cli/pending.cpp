// SPDX-License-Identifier: Apache-2.0
#include "cli/pending.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "catalog/read.hpp"
#include "cli/database.hpp"
#include "cli/input.hpp"
#include "cli/reading.hpp"
#include "execute/backfill_key.hpp"
#include "gate/record.hpp"
#include "plan/names.hpp"

namespace pgsluice::cli {
namespace {

std::optional<Phase> phase_of(PhaseChoice choice) {
  switch (choice) {
    case PhaseChoice::expand: return Phase::expand;
    case PhaseChoice::backfill: return Phase::backfill;
    case PhaseChoice::contract: return Phase::contract;
    case PhaseChoice::all: break;
  }
  return std::nullopt;
}

/// Nothing when no file is pending, or when a table is being changed at this moment.
std::optional<Snapshot> read_live(const std::vector<Migration>& migrations, const Ledger& ledger,
                                  const Place& place, const EventSink& emit) {
  const auto is_applied = [&ledger](const Migration& migration) { return ledger.is_applied(migration.id); };
  if (std::all_of(migrations.begin(), migrations.end(), is_applied)) return std::nullopt;
  auto result = try_read_snapshot(place.session, {.lock_timeout = place.lock_timeout, .sizes = false});
  if (auto* snapshot = std::get_if<Snapshot>(&result)) return std::move(*snapshot);
  if (const auto& failure = std::get<ReadFailure>(result); failure.connection_lost)
    throw Error(ExitCode::unreachable, cat("cannot read the catalogs: ", failure.error.message));
  emit({.severity = Severity::warning,
        .name = "catalog-not-read",
        .message = cat("cannot read the catalogs, so the files alone say what is there: ",
                       printable_line(std::get<ReadFailure>(result).error.message))});
  return std::nullopt;
}

/// How a release without a name is called here: as the messages do.
constexpr std::string_view k_unnamed_release = "this one";

/// Without it each hook would count as a later release than the one before, a retry by Argo CD too.
std::string name_same_release(const std::vector<Migration>& migrations, Ledger& ledger, Session& session) {
  const auto same = read_same_release(session, ledger, migrations);
  if (!same) return {};
  const std::string name(k_unnamed_release);
  for (auto& [id, row] : ledger.migrations) {
    if (same->files.contains(id)) row.release = name;
  }
  if (same->brought) ledger.brought.push_back({.app = {}, .release = name, .at = 0});
  return name;
}

/// What was this application's, too, is no other one's where it is gone from this folder, or has changed: it may have been
/// renamed, or edited.
void tell_own(const std::vector<Migration>& migrations, const std::string& app, Ledger& ledger,
              Session& session) {
  if (app.empty()) return;
  for (const std::string& id : read_once_brought(session, ledger, migrations, app)) {
    const auto row = ledger.migrations.find(id);
    if (row == ledger.migrations.end()) continue;
    const auto is_it = [&row](const Migration& migration) {
      return migration.id == row->first && migration.sha256 == row->second.sha256;
    };
    if (std::ranges::none_of(migrations, is_it)) row->second.app = app;
  }
}

/// Not what is ours, and not what extensions have made.
Present present_in(const Snapshot& snapshot) {
  Present present;
  for (const SnapshotRelation& relation : snapshot.relations) {
    if (!relation.extension.empty() || relation.schema == "pgsluice") continue;
    if (is_of_its_own(relation.relkind.front()))
      present.relations.push_back({.schemaname = relation.schema, .relname = relation.name});
    if (relation.relkind == "S") present.others.insert(cat("relation ", relation.name));
  }
  for (const SnapshotFunction& function : snapshot.functions) {
    if (function.extension.empty() && function.schema != "pgsluice") present.others.insert(function.name);
  }
  for (const SnapshotType& type : snapshot.types) {
    if (type.extension.empty() && type.schema != "pgsluice") present.others.insert(type.name);
  }
  return present;
}

}  // namespace

void add_folder_options(CLI::App& app, PendingOptions& options) {
  app.add_option("DIR", options.directory, "folder of migrations")->required();
  add_reading(app, options.reading);
  add_size(
      app, "--max-locked-size", options.max_locked_bytes,
      "refuse what rewrites, reads or indexes more than this under a lock that keeps the application out "
      "(default 1GB)");
  add_rules(app, options.rules);
}

void add_pending_options(CLI::App& app, PendingOptions& options) {
  add_folder_options(app, options);
  add_choice(app, "--phase", options.phase,
             {{"all", PhaseChoice::all},
              {"expand", PhaseChoice::expand},
              {"backfill", PhaseChoice::backfill},
              {"contract", PhaseChoice::contract}},
             "only the migrations of this phase");
  add_gate_policy(app, options.gate);
}

void add_budgets(CLI::App& app, BudgetOptions& options) {
  add_duration(app, "--lock-timeout", options.lock_timeout,
               "longest queueing for locks, once; as long may the application have to wait (default 500ms)");
  add_duration(app, "--lock-budget", options.lock_budget,
               "longest time to get the locks of one step (default 10m)");
  add_duration(app, "--stall-budget", options.stall_budget,
               "longest that a session may wait behind a statement at work; 0s: no limit (default 2s)");
  app.add_option("--max-victims", options.max_victims,
                 "sessions that may wait behind us at once; 0: no limit (default 100)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""));
  app.add_option("--max-attempts", options.max_attempts,
                 "how often to queue for the locks of a step (default 20)")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  add_duration(app, "--statement-timeout", options.statement_timeout,
               "longest run of one statement (default: no limit)");
}

void add_blocker_policy(CLI::App& app, BlockerPolicy& policy) {
  add_duration(app, "--cancel-blockers", policy.cancel_after,
               "cancel the query of who is in the way, when its transaction is older (default: never)");
  add_duration(app, "--terminate-blockers", policy.terminate_after,
               "end the session of who is in the way, when its transaction is older (default: never)");
  app.add_option("--blocker-role", policy.roles,
                 "whom these two may meet: sessions of this role; may be repeated")
      ->type_name("ROLE");
  app.add_option("--blocker-application", policy.applications,
                 "whom these two may meet: sessions with this application_name; may be repeated")
      ->type_name("NAME");
}

void expect_somebody(const BlockerPolicy& policy) {
  const bool evicts = policy.cancel_after || policy.terminate_after;
  if (evicts && policy.roles.empty() && policy.applications.empty()) {
    throw Error(ExitCode::usage, "--cancel-blockers and --terminate-blockers need to know whom they may meet",
                "Name roles with --blocker-role or application_names with --blocker-application.");
  }
}

RunOptions run_options(const BudgetOptions& options) {
  RunOptions run;
  run.lock_timeout = options.lock_timeout.value_or(run.lock_timeout);
  run.lock_budget = options.lock_budget.value_or(run.lock_budget);
  run.statement_timeout = options.statement_timeout.value_or(run.statement_timeout);
  run.stall_budget = options.stall_budget.value_or(run.stall_budget);
  run.max_victims = options.max_victims.value_or(run.max_victims);
  run.max_attempts = options.max_attempts.value_or(run.max_attempts);
  if (run.lock_timeout <= milliseconds(0)) {
    throw Error(ExitCode::usage, "--lock-timeout must be more than 0",
                "0 would wait for ever, and everybody who comes after would wait behind it.");
  }
  return run;
}

Pending find_pending(std::vector<Migration> migrations, Ledger ledger, const Place& place,
                     const PendingOptions& options, const World& world) {
  tell_reading(migrations, world.emit);
  Pending pending{.ledger = std::move(ledger), .snapshot = std::nullopt, .plan = {}, .decisions = {}};
  std::string release = options.gate.release;
  if (release.empty() && options.same_folder_is_same_release)
    release = name_same_release(migrations, pending.ledger, place.session);
  tell_own(migrations, options.gate.app, pending.ledger, place.session);
  pending.snapshot = read_live(migrations, pending.ledger, place, world.emit);
  Basis basis{.pg_version = place.session.server_version_num() / 10000,
              .schemas = place.schemas,
              .ledger = pending.ledger};
  if (pending.snapshot) basis.live = make_catalog(*pending.snapshot);
  const bool reads_catalogs = std::ranges::any_of(
      migrations, [&](const Migration& migration) { return !pending.ledger.is_applied(migration.id); });
  PlanOptions plan_options{.phase = phase_of(options.phase),
                           .release = release,
                           .app = options.gate.app,
                           .earlier_releases_only = options.earlier_releases_only,
                           .unseen_database = reads_catalogs && !pending.snapshot};
  if (pending.snapshot) plan_options.present = present_in(*pending.snapshot);
  pending.plan = make_plan(analyse_folder(std::move(migrations), std::move(basis), options.rules),
                           pending.ledger, plan_options);
  pending.plan.contract_last = options.contract_last;
  pending.decisions = judge_contracts(pending.plan, pending.ledger, place.session, world, options.gate);
  keep_names_apart(pending.plan);
  for (PlanProblem& problem : check_backfills(pending.plan, place.session)) {
    pending.plan.problems.push_back(std::move(problem));
  }
  const RelationStates worked_on = read_states(place.session, worked_on_under_lock(pending.plan));
  refuse_large_work(pending.plan, worked_on, options.max_locked_bytes.value_or(k_max_locked_bytes));
  return pending;
}

PlanBasis basis_of(const Pending& pending, const Place& place, const RelationStates& states) {
  PlanBasis basis = make_basis(pending.plan, states, pending.snapshot);
  const Binding binding = read_binding(place.session);
  basis.system_identifier = binding.system_identifier;
  basis.database = binding.database;
  basis.schemas = place.schemas;
  return basis;
}

}  // namespace pgsluice::cli
