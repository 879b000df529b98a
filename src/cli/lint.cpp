// SPDX-License-Identifier: Apache-2.0
// lint: read files → analyse, one after the other on one catalog → report → exit code.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/input.hpp"
#include "cli/lint_files.hpp"
#include "pgsluice/findings.hpp"
#include "report/lint.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

enum class Format { text, json };
enum class FailOn { error, warning, never };

struct LintOptions {
  std::vector<std::string> paths;
  Format format = Format::text;
  FailOn fail_on = FailOn::error;
  std::string output;
  std::string rules;
  std::string catalog;
  std::string url;
  std::optional<int> pg_version;
  std::optional<unsigned> jobs;
  std::optional<std::chrono::milliseconds> lock_timeout;
};

bool has_sql_files(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".sql") return true;
  }
  return false;
}

/// Where migrations usually are, for `pgsluice lint` without a path.
std::vector<std::string> usual_paths() {
  for (const char* folder : {"migrations", "db/migrations"}) {
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return {folder};
  }
  if (has_sql_files(".")) return {"."};
  throw Error(ExitCode::usage, "no migrations here: name the files or folders to lint",
              "For example: pgsluice lint db/migrations, or pgsluice lint - to read standard input.");
}

int version_of(const LintOptions& options) {
  return options.pg_version.value_or(k_oldest_supported);
}

LintTotals analyse_all(const LintOptions& options, Catalog catalog, LintReport& report) {
  const EffectTable effects = EffectTable::load(options.rules);
  const RuleBook findings = RuleBook::load(options.rules);
  const LintRules rules{
      .effects = effects,
      .findings = findings,
      .prediction = {.pg_version = version_of(options), .transaction = FileTransaction::one},
      .checking = {.pg_version = version_of(options),
                   .pg_version_assumed = !options.pg_version,
                   .phase = Phase::expand,
                   .runner_sets_lock_timeout = options.lock_timeout.has_value(),
                   .today = today()}};
  const unsigned jobs = options.jobs.value_or(std::max(std::thread::hardware_concurrency(), 1U));
  return lint_files(find_migrations(options.paths.empty() ? usual_paths() : options.paths),
                    std::move(catalog), rules, jobs, report);
}

std::unique_ptr<LintReport> make_report(const LintOptions& options, const GlobalOptions& global,
                                        int descriptor, std::ostream& out) {
  if (options.format == Format::json) return make_lint_json(version_of(options), out);
  return make_lint_text({.paint = Painter(wants_color(global.color, descriptor)),
                         .width = terminal_width(descriptor),
                         .quiet = global.quiet,
                         .verbose = global.verbose},
                        out);
}

/// A file gets the whole report or keeps what it had.
LintTotals analyse_into_file(const LintOptions& options, const GlobalOptions& global, Catalog catalog) {
  std::ostringstream document;
  const LintTotals totals =
      analyse_all(options, std::move(catalog), *make_report(options, global, -1, document));
  write_file(options.output, document.view());
  if (!global.quiet) {
    std::cerr << lint_summary(totals, Painter(wants_color(global.color, STDERR_FILENO))) << '\n';
  }
  return totals;
}

ExitCode verdict(const FindingCounts& counts, FailOn fail_on) {
  const bool errors = counts.errors > 0 && fail_on != FailOn::never;
  const bool warnings = counts.warnings > 0 && fail_on == FailOn::warning;
  return errors || warnings ? ExitCode::findings : ExitCode::ok;
}

ExitCode lint(LintOptions options, const GlobalOptions& global) {
  Catalog catalog = load_catalog(options.catalog, options.url, global);
  if (!options.pg_version) options.pg_version = server_version(catalog);
  const LintTotals totals =
      options.output.empty()
          ? analyse_all(options, std::move(catalog), *make_report(options, global, STDOUT_FILENO, std::cout))
          : analyse_into_file(options, global, std::move(catalog));
  return verdict(totals.findings, options.fail_on);
}

}  // namespace

Runner add_lint(CLI::App& app) {
  const auto options = std::make_shared<LintOptions>();
  app.add_option("paths", options->paths, "files, folders, or - for standard input; default: migrations/")
      ->type_name("PATH");
  add_choice<Format>(app, "--format", options->format, {{"text", Format::text}, {"json", Format::json}},
                     "form of the report");
  app.add_option("--output", options->output, "write the report to this file")->type_name("FILE");
  add_choice<FailOn>(app, "--fail-on", options->fail_on,
                     {{"error", FailOn::error}, {"warning", FailOn::warning}, {"never", FailOn::never}},
                     "lowest severity that makes the exit code 1");
  add_pg_version(app, options->pg_version,
                 cat("version of the server, 12 to 18; default: that of --catalog, else ",
                     std::to_string(k_oldest_supported), ", the oldest still supported"));
  add_catalog(app, options->catalog,
              "what is there before the files: a file that `pgsluice snapshot` wrote, or live to ask the "
              "server; default: only what the files themselves create");
  add_database_url(app, options->url);
  add_rules(app, options->rules);
  add_jobs(app, options->jobs, "files to work on at a time; default: one for each processor");
  add_duration(app, "--lock-timeout", options->lock_timeout,
               "the lock_timeout that whoever runs the migrations sets");
  return [options](const GlobalOptions& global) { return lint(*options, global); };
}

}  // namespace pgsluice::cli
