// SPDX-License-Identifier: Apache-2.0
// lint: read files → analyse, one after the other on one catalog → report → exit code.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/read.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/lint_files.hpp"
#include "pgsluice/findings.hpp"
#include "report/lint.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

// The oldest major that the community supported when this release was made (14 reached its end of life on 2026-11-12).
// A worst case for the others: what is safe there is safe on newer servers.
constexpr int k_oldest_supported = 15;

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

void add_path(const std::string& path, std::set<fs::path>& seen, std::vector<Migration>& migrations) {
  std::error_code error;
  std::vector<Migration> found;
  if (path != "-" && fs::is_directory(path, error)) {
    found = list_migrations(path);
  } else {
    found.push_back(name_migration(path));
  }
  for (Migration& migration : found) {
    // A file that is named twice runs once.
    const fs::path real = path == "-" ? fs::path("-") : fs::canonical(migration.path, error);
    if (seen.insert(real).second) migrations.push_back(std::move(migration));
  }
}

std::vector<Migration> list_all(const std::vector<std::string>& paths) {
  std::error_code error;
  // What is named once needs no look for what is named twice.
  if (paths.size() == 1 && paths.front() != "-" && fs::is_directory(paths.front(), error)) {
    return list_migrations(paths.front());
  }
  std::vector<Migration> migrations;
  std::set<fs::path> seen;
  for (const std::string& path : paths) add_path(path, seen, migrations);
  return migrations;
}

/// A report that has begun cannot be taken back, so what cannot be read is said before.
std::vector<Migration> find_migrations(const std::vector<std::string>& paths) {
  std::vector<Migration> migrations = list_all(paths);
  for (const Migration& migration : migrations) expect_readable(migration);
  return migrations;
}

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::string date(std::string_view("YYYY-MM-DD").size(), '\0');
  std::strftime(date.data(), date.size() + 1, "%Y-%m-%d", &utc);
  return date;
}

int version_of(const LintOptions& options) {
  return options.pg_version.value_or(k_oldest_supported);
}

/// What is known before the first file; nothing without --catalog.
Catalog load_catalog(const LintOptions& options, const GlobalOptions& global) {
  if (options.catalog.empty()) return {};
  if (options.catalog != "live") {
    return make_catalog(parse_snapshot(read_file(options.catalog), options.catalog));
  }
  const RealWorld real(options.url, pg::Access::any, global);
  return make_catalog(read_snapshot(*connect_once(real.world()), {}));
}

/// Major version of the server behind the catalog.
std::optional<int> version_of(const Catalog& catalog) {
  constexpr int k_major = 10000;
  return catalog.server_version_num == 0 ? std::nullopt : std::optional(catalog.server_version_num / k_major);
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
  Catalog catalog = load_catalog(options, global);
  if (!options.pg_version) options.pg_version = version_of(catalog);
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
  app.add_option("--catalog", options->catalog,
                 "what is there before the files: a file that `pgsluice snapshot` wrote, or live to ask the "
                 "server; default: only what the files themselves create")
      ->type_name("FILE|live");
  add_database_url(app, options->url);
  app.add_option("--rules", options->rules, "folder of rules that add to the built-in ones or replace them")
      ->type_name("DIR");
  app.add_option("--jobs", options->jobs, "files to work on at a time; default: one for each processor")
      ->type_name("N")
      ->check(CLI::Range(1U, 64U).description(""));
  add_duration(app, "--lock-timeout", options->lock_timeout,
               "the lock_timeout that whoever runs the migrations sets");
  return [options](const GlobalOptions& global) { return lint(*options, global); };
}

}  // namespace pgsluice::cli
