// SPDX-License-Identifier: Apache-2.0
// lint: read files → analyse, one after the other on one catalog → report → exit code.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/applied_files.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/events.hpp"
#include "cli/input.hpp"
#include "cli/lint_files.hpp"
#include "cli/lint_outputs.hpp"
#include "cli/reading.hpp"
#include "cli/since.hpp"
#include "findings/baseline.hpp"
#include "pgsluice/findings.hpp"
#include "report/document.hpp"
#include "report/lint.hpp"
#include "report/lint_list.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

enum class FailOn { error, warning, never };

struct LintOptions {
  std::vector<std::string> paths;
  std::vector<std::string> formats;
  std::vector<std::string> outputs;
  FailOn fail_on = FailOn::error;
  bool list = false;
  std::string baseline;
  bool write_baseline = false;
  std::optional<std::string> since;
  std::string rules;
  std::string catalog;
  std::string url;
  bool ledger = false;
  std::optional<int> pg_version;
  std::optional<unsigned> jobs;
  std::optional<std::chrono::milliseconds> lock_timeout;
  Conventions reading;
  std::vector<std::string> severities;
  std::string queries;
  std::optional<double> small_bytes;
  double small_rows = PredictOptions().small_rows;
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
  for (const char* folder :
       {"migrations", "db/migrations", "prisma/migrations", "drizzle", "src/main/resources/db/migration"}) {
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

/// Never an error: what has been mended must not turn a build red.
void say_what_is_stale(const std::vector<BaselineEntry>& stale, const std::string& file) {
  if (stale.empty()) return;
  std::cerr << "warning: " << printable_line(file) << " has " << count_of(stale.size(), "finding")
            << " that nobody finds any more; --write-baseline writes it anew\n";
  for (const BaselineEntry& entry : stale) {
    std::cerr << "  " << printable_line(entry.path) << ": " << printable_line(entry.finding) << '\n';
  }
}

void say_what_is_left_out(std::size_t files, const LintOptions& options) {
  if (files == 0) return;
  std::cerr << count_of(files, "file") << ' ' << (options.ledger ? "applied" : "")
            << (options.ledger && options.since ? " or " : "");
  if (options.since) std::cerr << "unchanged since " << printable_line(*options.since);
  std::cerr << ", replayed only\n";
}

struct Rules {
  EffectTable effects;
  RuleBook findings;
};

std::optional<Severity> failing_from(FailOn fail_on) {
  switch (fail_on) {
    case FailOn::error: return Severity::error;
    case FailOn::warning: return Severity::warning;
    case FailOn::never: return std::nullopt;
  }
  return std::nullopt;
}

std::vector<Migration> migrations_of(const LintOptions& options) {
  return find_migrations(options.paths.empty() ? usual_paths() : options.paths, options.reading);
}

/// Which files are reported, and which have changed since they were applied.
class Selection {
 public:
  Selection(const LintOptions& options, const GlobalOptions& global,
            const std::vector<Migration>& migrations) {
    if (options.since) changed_.emplace(*options.since, migrations);
    if (options.ledger) applied_.emplace(load_ledger(options.url, global), migrations);
  }
  /// It must outlive them.
  void set(LintRules& rules) const {
    if (changed_ || applied_) {
      rules.reported = [this](const Migration& file) {
        return (!changed_ || changed_->contains(file)) && (!applied_ || !applied_->contains(file));
      };
    }
    if (changed_) rules.unreported = [this](const Migration& file) { return changed_->unchanged_in(file); };
    if (applied_)
      rules.changed_since = [this](const Migration& file) { return applied_->changed_since(file); };
  }

 private:
  std::optional<ChangedFiles> changed_;
  std::optional<AppliedFiles> applied_;
};

LintTotals analyse_all(const LintOptions& options, const GlobalOptions& global, Catalog catalog,
                       const Rules& rules, LintReport& report) {
  LintRules lint_rules{
      .effects = rules.effects,
      .findings = rules.findings,
      .prediction = {.pg_version = version_of(options),
                     .transaction = FileTransaction::one,
                     .small_rows = options.small_rows,
                     .small_bytes = options.small_bytes.value_or(PredictOptions().small_bytes)},
      .checking = {.pg_version = version_of(options),
                   .pg_version_assumed = !options.pg_version,
                   .phase = Phase::expand,
                   .runner_sets_lock_timeout = options.lock_timeout.has_value(),
                   .today = today()}};
  const SeverityOverrides severities(options.severities, rules.findings);
  lint_rules.severities = &severities;
  std::optional<QueryList> queries;
  if (!options.queries.empty()) queries = QueryList::load(options.queries);
  if (queries) lint_rules.queries = &*queries;
  lint_rules.tell_each_timeout = !options.baseline.empty();
  const std::vector<Migration> migrations = migrations_of(options);
  tell_reading(migrations, event_sink(global));
  std::optional<Baseline> baseline;
  if (!options.baseline.empty() && !options.write_baseline) baseline = Baseline::load(options.baseline);
  if (baseline) lint_rules.baseline = &*baseline;
  const Selection selection(options, global, migrations);
  selection.set(lint_rules);
  const unsigned jobs = options.jobs.value_or(std::max(std::thread::hardware_concurrency(), 1U));
  const LintTotals totals = lint_files(migrations, std::move(catalog), lint_rules, jobs, report);
  if (!global.quiet) say_what_is_left_out(migrations.size() - totals.files, options);
  if (baseline) say_what_is_stale(baseline->stale(), options.baseline);
  return totals;
}

LintSettings settings_of(const LintOptions& options, const GlobalOptions& global, const Rules& rules,
                         int descriptor) {
  return {.pg_version = version_of(options),
          .rules = &rules.findings,
          .failing_from = failing_from(options.fail_on),
          .text = {.paint = Painter(wants_color(global.color, descriptor)),
                   .width = terminal_width(descriptor),
                   .quiet = global.quiet,
                   .verbose = global.verbose}};
}

std::size_t counted(const FindingCounts& counts) {
  return counts.errors + counts.warnings + counts.infos;
}

LintTotals run_lint(const LintOptions& options, const GlobalOptions& global, Catalog catalog) {
  const Rules rules{.effects = EffectTable::load(options.rules), .findings = RuleBook::load(options.rules)};
  LintOutputs outputs(read_lint_outputs(options.formats, options.outputs));
  if (options.write_baseline) outputs.add_baseline(options.baseline);
  LintReport& report =
      outputs.open([&](int descriptor) { return settings_of(options, global, rules, descriptor); });
  const LintTotals totals = analyse_all(options, global, std::move(catalog), rules, report);
  outputs.close();
  if (options.write_baseline && !global.quiet) {
    std::cerr << "wrote " << count_of(counted(totals.findings), "finding") << " to "
              << printable_line(options.baseline) << '\n';
  }
  if (!outputs.says_it() && !global.quiet) {
    std::cerr << lint_summary(totals, Painter(wants_color(global.color, STDERR_FILENO))) << '\n';
  }
  return totals;
}

ExitCode verdict(const FindingCounts& counts, FailOn fail_on) {
  const bool errors = counts.errors > 0 && fail_on != FailOn::never;
  const bool warnings = counts.warnings > 0 && fail_on == FailOn::warning;
  return errors || warnings ? ExitCode::findings : ExitCode::ok;
}

std::vector<ListedFinding> listed(const RuleBook& rules, const SeverityOverrides& severities) {
  std::vector<ListedFinding> findings;
  for (const FindingRule& rule : rules.rules()) {
    const RuleWorth worth = severities.of(rule);
    ListedFinding finding{
        .rule = rule, .severity = worth.severity, .may_be_error = worth.may_be_error, .elsewhere = {}};
    for (const RuleWorth::Files& files : worth.elsewhere)
      finding.elsewhere.push_back({.pattern = files.pattern, .severity = files.severity});
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::string render_list(const std::vector<ListedFinding>& findings, const LintOutput& output,
                        const GlobalOptions& global) {
  const std::string_view format = output.format->name;
  if (format == "json") return finding_list_json(findings);
  if (format == "markdown") return to_markdown(finding_list(findings));
  if (format != "text") {
    throw Error(ExitCode::usage, cat("lint --list has no form ", format), "It is text, json or markdown.");
  }
  const int descriptor = output.file.empty() ? STDOUT_FILENO : -1;
  return to_text(finding_list(findings), terminal_width(descriptor),
                 Painter(wants_color(global.color, descriptor)));
}

ExitCode list_findings(const LintOptions& options, const GlobalOptions& global) {
  const RuleBook rules = RuleBook::load(options.rules);
  const std::vector<ListedFinding> findings = listed(rules, SeverityOverrides(options.severities, rules));
  for (const LintOutput& output : read_lint_outputs(options.formats, options.outputs)) {
    const std::string text = render_list(findings, output, global);
    if (output.file.empty()) {
      std::cout << text;
    } else {
      write_file(output.file, text);
    }
  }
  return ExitCode::ok;
}

void check_options(const LintOptions& options) {
  if (!options.write_baseline) return;
  if (options.baseline.empty()) {
    throw Error(ExitCode::usage, "--write-baseline does not say where to",
                "For example: --baseline pgsluice-baseline.json --write-baseline.");
  }
  if (options.since || options.ledger) {
    const std::string_view option = options.since ? "--since" : "--ledger";
    throw Error(ExitCode::usage, cat("--write-baseline and ", option, ": a baseline is of all files"),
                cat("Leave out ", option, "."));
  }
}

ExitCode lint(LintOptions options, const GlobalOptions& global) {
  if (options.list) return list_findings(options, global);
  check_options(options);
  Catalog catalog = load_catalog(options.catalog, options.url, global);
  if (!options.pg_version) options.pg_version = server_version(catalog);
  const LintTotals totals = run_lint(options, global, std::move(catalog));
  return options.write_baseline ? ExitCode::ok : verdict(totals.findings, options.fail_on);
}

}  // namespace

Runner add_lint(CLI::App& app) {
  const auto options = std::make_shared<LintOptions>();
  app.add_option("paths", options->paths, "files, folders, or - for standard input; default: migrations/")
      ->type_name("PATH");
  add_lint_outputs(app, options->formats, options->outputs);
  add_choice<FailOn>(app, "--fail-on", options->fail_on,
                     {{"error", FailOn::error}, {"warning", FailOn::warning}, {"never", FailOn::never}},
                     "lowest severity that makes the exit code 1");
  app.add_flag("--list", options->list, "list the findings with their severities, and lint nothing");
  app.add_option("--baseline", options->baseline, "findings that this file has count nowhere")
      ->type_name("FILE");
  app.add_flag("--write-baseline", options->write_baseline, "write what there is now to that file");
  app.add_option(
         "--since", options->since,
         "report only files that were added or changed since the work left this branch, tag or commit "
         "of git; the others are replayed")
      ->type_name("REF");
  add_pg_version(app, options->pg_version,
                 cat("version of the server, 12 to 18; default: that of --catalog, else ",
                     std::to_string(k_oldest_supported), ", the oldest still supported"));
  add_catalog(app, options->catalog,
              "what is there before the files: a file that `pgsluice snapshot` wrote, or live to ask the "
              "server; default: only what the files themselves create");
  add_database_url(app, options->url);
  app.add_flag(
      "--ledger", options->ledger,
      "ask the database at --database-url what is applied: those files are replayed, and one that has "
      "changed since is a finding");
  add_reading(app, options->reading);
  add_rules(app, options->rules);
  add_jobs(app, options->jobs, "files to work on at a time; default: one for each processor");
  add_duration(app, "--lock-timeout", options->lock_timeout,
               "the lock_timeout that whoever runs the migrations sets");
  app.add_option(
         "--severity", options->severities,
         "what a finding is worth: error, warning, info or off; for some files alone: legacy/*:…; may be "
         "given several times, the last one counts")
      ->type_name("[PATH:]FINDING=SEVERITY")
      ->allow_extra_args(false);
  app.add_option(
         "--queries", options->queries,
         "SQL of the application, or pg_stat_statements as .csv or .json: findings about what is taken away "
         "say who uses it, and are silent when nobody does")
      ->type_name("FILE");
  add_size(app, "--small-size", options->small_bytes,
           "work under a lock on a table that --catalog knows to be no larger is no error; default: 8MB");
  app.add_option("--small-rows", options->small_rows, "and of no more rows")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return [options](const GlobalOptions& global) { return lint(*options, global); };
}

}  // namespace pgsluice::cli
