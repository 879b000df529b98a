// SPDX-License-Identifier: Apache-2.0
// pgsluice status: the ledger beside the files. Changes nothing, and needs no write access.

#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/gate.hpp"
#include "execute/documents.hpp"
#include "execute/settings.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {
namespace {

enum class Format { text, json };

struct StatusOptions {
  std::string directory;
  std::string url;
  std::string rules;
  GateOptions gate;
  Format format = Format::text;
};

ExitCode run_status(const StatusOptions& options, const GlobalOptions& global) {
  std::vector<Migration> migrations = discover(options.directory);
  const RealWorld real(options.url, pg::Access::any, global);
  const std::unique_ptr<Session> session = connect_once(real.world());
  expect_own_backend(*session, real.world().connect);  // what is set must not reach others
  session->script(
      "SET default_transaction_read_only = on; SET lock_timeout = '5s'; SET statement_timeout = '30s'");
  const Ledger ledger = read_ledger(*session);
  expect_target(ledger, read_binding(*session));
  const SqlResult schemas = session->query("SELECT current_schemas(false)::text", {});
  Basis basis{.pg_version = session->server_version_num() / 10000,
              .schemas = pg::parse_texts(schemas.text(0, 0)),
              .ledger = ledger};
  // Without a word, what waits is told as of the release that was brought last.
  const std::string release = options.gate.release.empty() ? ledger.last_release : options.gate.release;
  Plan plan = make_plan(analyse_folder(std::move(migrations), std::move(basis), options.rules), ledger,
                        {.release = release});
  judge_contracts(plan, ledger, *session, real.world(), options.gate);
  if (options.format == Format::json) {
    std::cout << dump_pretty(status_document(plan, ledger));
  } else {
    std::cout << status_text(plan, ledger, Painter(wants_color(global.color, STDOUT_FILENO)));
  }
  return ExitCode::ok;
}

}  // namespace

Runner add_status(CLI::App& app) {
  const auto options = std::make_shared<StatusOptions>();
  app.add_option("DIR", options->directory, "folder of migrations")->required();
  add_database_url(app, options->url);
  add_gate_policy(app, options->gate);
  add_choice(app, "--format", options->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the result");
  app.add_option("--rules", options->rules, "folder of rules that add to or replace the built-in ones")
      ->type_name("DIR");
  return [options](const GlobalOptions& global) { return run_status(*options, global); };
}

}  // namespace pgsluice::cli
