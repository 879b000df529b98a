// SPDX-License-Identifier: Apache-2.0
// pgsluice plan: what apply would do now, to whom, and who is in the way. Changes nothing, and needs no right to.

#include <functional>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/fleet.hpp"
#include "cli/gated_run.hpp"
#include "cli/pending.hpp"
#include "execute/blockers.hpp"
#include "execute/documents.hpp"
#include "execute/settings.hpp"
#include "pg/arrays.hpp"
#include "report/forecast.hpp"

namespace pgsluice::cli {
namespace {

struct PlanCommand {
  PendingOptions pending;
  BudgetOptions budgets;
  BlockerPolicy blockers;
  FleetOptions fleet;
  std::string url;
  std::string output;
  Format format = Format::text;
};

void ask_server(Forecast& forecast, Session& session, const World& world) {
  Observer observer(world);
  for (ForecastStep& step : forecast.steps) {
    step.blockers = observer.holders(step.step->locks, session.backend_pid());
    if (forecast.ledger.exists) step.past = read_past_waits(session, *step.step);
  }
}

std::string render(const Forecast& forecast, const PlanCommand& command, const GlobalOptions& global) {
  constexpr int widest = 100;
  if (command.format == Format::json) return to_json(forecast);
  const int descriptor = command.output.empty() ? STDOUT_FILENO : -1;
  return to_text(to_document(forecast), std::min(terminal_width(descriptor), widest),
                 Painter(wants_color(global.color, descriptor)));
}

ExitCode verdict(const Plan& plan) {
  const PlanProblem* refusal = plan.refusal();
  return refusal == nullptr ? ExitCode::ok : refusal->code;
}

RunOptions options_of(const PlanCommand& command) {
  RunOptions run = run_options(command.budgets);
  run.blockers = command.blockers;
  expect_somebody(run.blockers);
  return run;
}

/// Makes the plan for one database, and hands it over while the server can still be asked.
ExitCode plan_for(const PlanCommand& command, const PendingOptions& options, const World& world,
                  const std::function<void(const Forecast&)>& show) {
  const RunOptions run = options_of(command);
  std::vector<Migration> migrations = discover(options.directory, options.reading);
  const std::unique_ptr<Session> session = connect_once(world);
  expect_own_backend(*session, world.connect);  // what is set must not reach others
  session->script(
      "SET default_transaction_read_only = on; SET lock_timeout = '5s'; SET statement_timeout = '60s'");
  Ledger ledger = read_ledger(*session);
  expect_target(ledger, read_binding(*session));
  const SqlResult here = session->query("SELECT current_schemas(false)::text, pg_is_in_recovery()", {});
  const Place place{.session = *session, .schemas = pg::parse_texts(here.text(0, 0))};
  const Pending pending = find_pending(std::move(migrations), std::move(ledger), place, options, world);
  Forecast forecast{.plan = pending.plan,
                    .ledger = pending.ledger,
                    .target = world.target,
                    .server_version_num = session->server_version_num(),
                    .standby = here.truth(0, 1),
                    .max_locked_bytes = options.max_locked_bytes.value_or(k_max_locked_bytes),
                    .states = read_states(*session, locked_relations(pending.plan)),
                    .options = run};
  forecast.basis = basis_of(pending, place, forecast.states);
  forecast.steps = forecast_steps(pending.plan, run);
  ask_server(forecast, *session, world);
  show(forecast);
  return verdict(pending.plan);
}

void tell_target(TargetReport& report, const Forecast& forecast) {
  describe(report, forecast.plan, forecast.ledger, forecast.server_version_num);
  report.document = OrderedJson::parse(to_json(forecast));
  if (const PlanProblem* refusal = forecast.plan.refusal()) {
    report.message = cat(place_of(*refusal), ": ", refusal->message);
    report.hint = refusal->hint;
  }
}

ExitCode run_fleet_plan(const PlanCommand& command, const GlobalOptions& global) {
  options_of(command);
  discover(command.pending.directory, command.pending.reading);  // what is wrong with the folder is said once
  const Fleet fleet{.command = "plan",
                    .url = command.url,
                    .options = command.fleet,
                    .gate = command.pending.gate,
                    .json = command.format == Format::json,
                    .output = command.output};
  return run_fleet(fleet, global, [&](const World& world, const GateOptions& gate, TargetReport& report) {
    PendingOptions options = command.pending;
    options.gate = gate;
    report.code =
        plan_for(command, options, world, [&](const Forecast& forecast) { tell_target(report, forecast); });
  });
}

ExitCode run_plan(const PlanCommand& command, const GlobalOptions& global) {
  if (wants_fleet(command.fleet)) return run_fleet_plan(command, global);
  const RealWorld real(command.url, pg::Access::any, global);
  return plan_for(command, command.pending, real.world(), [&](const Forecast& forecast) {
    tell_held(forecast.plan, real.world());
    const std::string text = render(forecast, command, global);
    if (command.output.empty()) {
      std::cout << text;
    } else {
      write_file(command.output, text);
    }
  });
}

}  // namespace

Runner add_plan(CLI::App& app) {
  const auto command = std::make_shared<PlanCommand>();
  add_pending_options(app, command->pending);
  add_database_url(app, command->url);
  add_fleet_options(app, command->fleet);
  add_budgets(app, command->budgets);
  add_blocker_policy(app, command->blockers);
  add_choice(app, "--format", command->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the plan; apply --plan takes the JSON");
  app.add_option("--output", command->output, "write it to this file")->type_name("FILE");
  return [command](const GlobalOptions& global) { return run_plan(*command, global); };
}

}  // namespace pgsluice::cli
