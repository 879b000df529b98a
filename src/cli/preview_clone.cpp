// SPDX-License-Identifier: Apache-2.0
#include "cli/preview_clone.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "catalog/read.hpp"
#include "cli/database.hpp"
#include "cli/ledger_ids.hpp"
#include "cli/pending.hpp"
#include "execute/settings.hpp"
#include "execute/step.hpp"
#include "migration/read_text.hpp"
#include "pg/arrays.hpp"

namespace pgsluice::cli {
namespace {

constexpr int k_major = 10000;
constexpr std::string_view k_consent = "--i-know-this-is-not-production";

std::unique_ptr<Session> open_clone(const World& world, RunOptions& run) {
  std::unique_ptr<Session> session = connect_once(world);
  expect_own_backend(*session, world.connect);  // what is set must not reach others
  if (const auto why = why_not_writable(*session))
    throw Error(ExitCode::unreachable, cat("cannot use ", printable_line(world.target), ": ", *why),
                "Files write, though all of it is rolled back: name a server that takes writes.");
  run.search_path = session->query("SELECT current_setting('search_path')", {}).text(0, 0);
  make_settings(*session, run);
  return session;
}

std::vector<std::string> schemas_of(Session& session) {
  return pg::parse_texts(session.query("SELECT current_schemas(false)::text", {}).text(0, 0));
}

/// "17.10 (Debian 17.10-1)" → "PostgreSQL 17.10"
std::string server_of(Session& session) {
  const std::string version = session.query("SELECT current_setting('server_version')", {}).text(0, 0);
  return cat("PostgreSQL ", version.substr(0, version.find(' ')));
}

/// By itself, on what is there now.
FileAnalysis predict_alone(const FileAnalysis& file, const PreviewBasis& basis) {
  Migration migration = file.migration;
  migration.source = file.script.source;
  return std::move(analyse_folder({std::move(migration)},
                                  {.pg_version = basis.pg_version,
                                   .schemas = basis.schemas,
                                   .ledger = basis.ledger,
                                   .live = basis.there},
                                  basis.rules)
                       .front());
}

/// Of files that were named by themselves, and of those before them.
void name_as_the_ledger_does(Files& files, const Ledger& ledger) {
  LedgerIds ids(ledger);
  for (std::size_t i = 0; i < files.all.migrations.size(); ++i) {
    Migration& migration = files.all.migrations[i];
    const bool by_itself = migration.folder.empty() || files.all.history.contains(i);
    if (by_itself && !is_standard_input(migration)) migration.id = ids.id_of(migration.path);
  }
}

}  // namespace

void add_clone_options(CLI::App& app, CloneOptions& options) {
  // A file that says where apply runs must not make a preview run there.
  app.add_option("--database-url", options.url,
                 "run them on this clone instead, as URI or key=value, and roll back all that they do")
      ->type_name("CONNINFO")
      ->configurable(false);
  app.add_flag(std::string(k_consent), options.consent, "that clone is nobody's production: needed beside it")
      ->configurable(false);
  add_duration(app, "--lock-timeout", options.lock_timeout,
               "on a clone: longest wait for a lock (default 500ms)");
  add_duration(app, "--statement-timeout", options.statement_timeout,
               "on a clone: longest run of one statement (default: no limit)");
}

void expect_consent(const CloneOptions& options) {
  if (options.consent) return;
  throw Error(ExitCode::usage,
              cat("--database-url needs ", k_consent, ": the files run in that database, and who uses it ",
                  "waits for their locks until they are rolled back"),
              "Give it for a clone that nobody depends on. Without --database-url, preview starts a server "
              "of its own.");
}

CloneSeen see_clone(const CloneOptions& options, Files& files, PreviewBasis basis, const World& world,
                    const StatementBegins& began) {
  RunOptions run = run_options({.lock_timeout = options.lock_timeout,
                                .lock_budget = {},
                                .statement_timeout = options.statement_timeout,
                                .stall_budget = {},
                                .max_victims = {},
                                .max_attempts = {}});
  const std::unique_ptr<Session> session = open_clone(world, run);
  std::string server = server_of(*session);
  Snapshot snapshot = read_snapshot(*session, {.lock_timeout = run.lock_timeout, .sizes = false});
  basis.pg_version = session->server_version_num() / k_major;
  basis.there = make_catalog(snapshot);
  basis.schemas = schemas_of(*session);
  basis.ledger = read_ledger(*session);
  // Whoever has applied files here, has applied those before the ones that are named.
  if (!basis.ledger.exists) files.leave_out_history();
  name_as_the_ledger_does(files, basis.ledger);
  basis.checksums = true;
  CloneSeen seen{.plan = plan_of(files, basis),
                 .preview = {},
                 .major = basis.pg_version,
                 .catalog = catalog_digest(std::move(snapshot)),
                 .applied = 0};
  seen.applied =
      static_cast<std::size_t>(std::ranges::count(seen.plan.files, FileState::applied, &PlannedFile::state));
  const std::unique_ptr<Session> onlooker = connect_once(world);
  const Clone clone{.session = *session,
                    .onlooker = *onlooker,
                    .reset = reset_script(run, session->server_version_num()),
                    .look_timeout = run.lock_timeout,
                    .lock_timeout = [&run](const PlannedStatement& one) { return lock_timeout_of(run, one); },
                    .alone = [&basis](const FileAnalysis& file) { return predict_alone(file, basis); }};
  seen.preview = rehearse_rolled_back(seen.plan, files.all.history, clone, began);
  seen.preview.server = std::move(server);
  seen.preview.rolled_back = true;
  return seen;
}

}  // namespace pgsluice::cli
