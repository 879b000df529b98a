// SPDX-License-Identifier: Apache-2.0
// pgsluice status: the ledger beside the files. Changes nothing, and needs no write access.

#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/fleet.hpp"
#include "cli/gate.hpp"
#include "cli/reading.hpp"
#include "execute/documents.hpp"
#include "execute/settings.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {
namespace {

struct StatusOptions {
  std::string directory;
  Conventions reading;
  std::string url;
  std::string rules;
  GateOptions gate;
  FleetOptions fleet;
  Format format = Format::text;
};

/// One database, seen beside the folder.
struct Seen {
  Plan plan;
  Ledger ledger;
  int server_version_num = 0;
};

/// What a presync has held back only because it came with its own release.
void tell_what_comes_with_its_release(Plan& plan, const Ledger& ledger, const std::string& release) {
  for (PlannedFile& file : plan.files) {
    const auto row = ledger.migrations.find(file.analysis.migration.id);
    if (file.state != FileState::pending || row == ledger.migrations.end()) continue;
    if (row->second.state != MigrationState::held || row->second.release != release) continue;
    file.state = FileState::held;
    file.holds = {{.reason = "release",
                   .words = cat(release.empty() ? "it comes with the release that was brought last"
                                                : cat("it comes with ", printable_line(release), " itself"),
                                ": apply or hook postsync runs it, or the presync of a later release")}};
  }
}

Seen look_at(const StatusOptions& options, const GateOptions& gate, const World& world) {
  std::vector<Migration> migrations = discover(options.directory, options.reading);
  tell_reading(migrations, world.emit);
  const std::unique_ptr<Session> session = connect_once(world);
  expect_own_backend(*session, world.connect);  // what is set must not reach others
  session->script(
      "SET default_transaction_read_only = on; SET lock_timeout = '5s'; SET statement_timeout = '30s'");
  Seen seen{.plan = {}, .ledger = read_ledger(*session), .server_version_num = session->server_version_num()};
  expect_target(seen.ledger, read_binding(*session));
  const SqlResult schemas = session->query("SELECT current_schemas(false)::text", {});
  Basis basis{.pg_version = seen.server_version_num / 10000,
              .schemas = pg::parse_texts(schemas.text(0, 0)),
              .ledger = seen.ledger};
  // Without a word, what waits is told as of the release that was brought last.
  GateOptions asked = gate;
  if (asked.release.empty()) asked.release = seen.ledger.last_release;
  seen.plan = make_plan(analyse_folder(std::move(migrations), std::move(basis), options.rules), seen.ledger,
                        {.release = asked.release, .app = asked.app});
  judge_contracts(seen.plan, seen.ledger, *session, world, asked);
  tell_what_comes_with_its_release(seen.plan, seen.ledger, asked.release);
  return seen;
}

ExitCode run_fleet_status(const StatusOptions& options, const GlobalOptions& global) {
  discover(options.directory, options.reading);  // what is wrong with the folder is said once
  const Fleet fleet{.command = "status",
                    .url = options.url,
                    .options = options.fleet,
                    .gate = options.gate,
                    .json = options.format == Format::json,
                    .output = {}};
  return run_fleet(fleet, global, [&](const World& world, const GateOptions& gate, TargetReport& report) {
    const Seen seen = look_at(options, gate, world);
    describe(report, seen.plan, seen.ledger, seen.server_version_num);
    report.document = status_document(seen.plan, seen.ledger);
  });
}

ExitCode run_status(const StatusOptions& options, const GlobalOptions& global) {
  if (wants_fleet(options.fleet)) return run_fleet_status(options, global);
  const RealWorld real(options.url, pg::Access::any, global);
  const Seen seen = look_at(options, options.gate, real.world());
  if (options.format == Format::json) {
    std::cout << dump_pretty(status_document(seen.plan, seen.ledger));
  } else {
    std::cout << status_text(seen.plan, seen.ledger, Painter(wants_color(global.color, STDOUT_FILENO)));
  }
  return ExitCode::ok;
}

}  // namespace

Runner add_status(CLI::App& app) {
  const auto options = std::make_shared<StatusOptions>();
  app.add_option("DIR", options->directory, "folder of migrations")->required();
  add_reading(app, options->reading);
  add_database_url(app, options->url);
  add_fleet_options(app, options->fleet);
  add_gate_policy(app, options->gate);
  add_choice(app, "--format", options->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the result");
  app.add_option("--rules", options->rules, "folder of rules that add to or replace the built-in ones")
      ->type_name("DIR");
  return [options](const GlobalOptions& global) { return run_status(*options, global); };
}

}  // namespace pgsluice::cli
