// SPDX-License-Identifier: Apache-2.0
// fix: read files → their safe form, one after the other on one catalog → a diff, or the files themselves.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/input.hpp"
#include "cli/reading.hpp"
#include "cli/since.hpp"
#include "migration/read_text.hpp"
#include "pgsluice/fix.hpp"
#include "report/fix.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

struct FixOptions {
  std::vector<std::string> paths;
  bool diff = false;
  bool write = false;
  Format format = Format::text;
  std::string output;
  std::optional<std::string> since;
  Conventions reading;
  std::string rules;
  std::string catalog;
  std::string url;
  std::optional<int> pg_version;
  std::optional<std::chrono::milliseconds> lock_timeout;
};

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

/// Names in a folder, which new files must not take; they grow as files are added.
class Folders {
 public:
  std::vector<std::string>& of(const fs::path& folder) {
    const auto [at, is_new] = names_.try_emplace(folder);
    if (is_new) at->second = list(folder);
    return at->second;
  }

 private:
  static std::vector<std::string> list(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      names.push_back(entry->path().filename().generic_string());
    std::ranges::sort(names);
    return names;
  }

  std::map<fs::path, std::vector<std::string>> names_;
};

struct Judges {
  EffectTable effects;
  RuleBook findings;
  PredictOptions prediction;
  CheckOptions checking;
};

Judges judges_of(const FixOptions& options) {
  const int version = options.pg_version.value_or(k_oldest_supported);
  return {.effects = EffectTable::load(options.rules),
          .findings = RuleBook::load(options.rules),
          .prediction = {.pg_version = version, .transaction = FileTransaction::one},
          .checking = {.pg_version = version,
                       .pg_version_assumed = !options.pg_version,
                       .phase = Phase::expand,
                       .runner_sets_lock_timeout = options.lock_timeout.has_value(),
                       .today = today()}};
}

FixedPath fix_one(const Migration& migration, Catalog& catalog, const Judges& judges, Folders& folders,
                  const std::optional<ChangedFiles>& changed) {
  const fs::path folder = is_standard_input(migration) ? fs::path() : migration.path.parent_path();
  std::vector<std::string> none;
  const fs::path own = parent_folder(migration.path);
  const bool has_own = migration.tool == tool::prisma || migration.tool == tool::diesel;
  std::vector<std::string>& names =
      is_standard_input(migration) ? none : folders.of(has_own ? own / ".." : own);
  const FixInput input{.migration = migration,
                       .folder = names,
                       .own_folder = has_own && !is_standard_input(migration) ? folders.of(own) : none,
                       .applied = changed && migration.tool == tool::liquibase
                                      ? std::optional(changed->before(migration))
                                      : std::nullopt,
                       .prediction = judges.prediction,
                       .checking = judges.checking};
  FixedPath fixed{.folder = folder,
                  .original = std::string(migration.source.written()),
                  .result = fix_migration(input, catalog, judges.effects, judges.findings)};
  for (std::size_t i = 1; i < fixed.result.files.size(); ++i) {
    const std::string& name = fixed.result.files[i].name;
    // Of a new folder, the folder is the name.
    names.push_back(has_own ? fs::path(name).parent_path().filename().generic_string() : name);
  }
  return fixed;
}

std::vector<FixedPath> fix_all(const FixOptions& options, Catalog catalog, const Judges& judges) {
  std::vector<Migration> migrations = find_migrations(options.paths, options.reading);
  std::optional<ChangedFiles> changed;
  if (options.since) changed.emplace(*options.since, migrations);
  Folders folders;
  std::vector<FixedPath> all;
  for (Migration& migration : migrations) {
    read(migration);
    if (changed && !changed->contains(migration)) {
      FileAnalysis file = parse(std::move(migration));
      predict(file, catalog, judges.effects, judges.prediction);
    } else {
      all.push_back(fix_one(migration, catalog, judges, folders, changed));
    }
  }
  return all;
}

// ---- writing ---------------------------------------------------------------------------------------------------------

fs::path target_of(const FixedPath& fixed, std::size_t file) {
  return fixed.path_of(fixed.result.files[file]);
}

/// Before anything is written: what is there must be what was read, and what is new must not be there.
void check_targets(const FixedPath& fixed) {
  const fs::path original = target_of(fixed, 0);
  std::string bytes = read_file(original);
  if (bytes.starts_with(k_byte_order_mark)) bytes.erase(0, k_byte_order_mark.size());
  if (bytes != fixed.original) {
    throw Error(ExitCode::usage, cat(printable_line(original.string()), " has changed meanwhile"),
                "Run fix again.");
  }
  for (std::size_t i = 1; i < fixed.result.files.size(); ++i) {
    const fs::path path = target_of(fixed, i);
    if (!fs::exists(fs::symlink_status(path))) continue;
    throw Error(ExitCode::usage, cat(printable_line(path.string()), " is there already"),
                "Move it away, or write the new file by hand: pgsluice fix --diff shows it.");
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directory(folder, error);
  if (!fs::is_directory(folder))
    throw Error(ExitCode::usage,
                cat("cannot make ", printable_line(folder.string()), ": ", to_lower(error.message())));
}

/// New files first: whatever interrupts it, the original still has all that they do.
void write_files(const FixedPath& fixed) {
  const fs::path original = fs::canonical(target_of(fixed, 0));  // a link stays one
  const bool marked = read_file(original).starts_with(k_byte_order_mark);
  for (std::size_t i = 1; i < fixed.result.files.size(); ++i) {
    const fs::path target = target_of(fixed, i);
    make_folder(parent_folder(target));
    write_file_like(original, target, fixed.result.files[i].text);
  }
  write_file_like(original, original, cat(marked ? k_byte_order_mark : "", fixed.result.files.front().text));
}

void write_all(const std::vector<FixedPath>& all) {
  for (const FixedPath& fixed : all) {
    if (!fixed.result.fixes.empty()) check_targets(fixed);
  }
  for (const FixedPath& fixed : all) {
    if (!fixed.result.fixes.empty()) write_files(fixed);
  }
}

// ---- saying ----------------------------------------------------------------------------------------------------------

std::string summary(const std::vector<FixedPath>& all, bool written) {
  std::size_t fixes = 0;
  std::size_t left = 0;
  std::size_t rewritten = 0;
  std::size_t files = 0;
  for (const FixedPath& fixed : all) {
    fixes += fixed.result.fixes.size();
    left += fixed.result.left.size();
    if (fixed.result.fixes.empty()) continue;
    ++rewritten;
    files += fixed.result.files.size();
  }
  std::string text =
      fixes == 0 ? "nothing to fix"
                 : cat(count_of(rewritten, "file"), written ? " rewritten as " : " would be rewritten as ",
                       count_of(files, "file"));
  if (left > 0) text += cat(", ", std::to_string(left), " left alone");
  if (fixes > 0 && !written) text += "; --write does it";
  return text;
}

void put(const std::string& text, const std::string& output) {
  if (output.empty()) {
    std::cout << text;
  } else {
    write_file(output, text);
  }
}

void report(const FixOptions& options, const GlobalOptions& global, const std::vector<FixedPath>& all,
            int version) {
  if (options.format == Format::json) {
    put(fix_json(all, version), options.output);
  } else if (options.diff || !options.write) {
    const int descriptor = options.output.empty() ? STDOUT_FILENO : -1;
    const Painter paint(wants_color(global.color, descriptor));
    put(fix_diff(all, paint, paint.on() || is_terminal(descriptor)), options.output);
  }
  if (global.quiet) return;
  std::cerr << fix_notes(all, Painter(wants_color(global.color, STDERR_FILENO)))
            << summary(all, options.write) << '\n';
}

void check_options(const FixOptions& options) {
  if (options.paths.empty()) {
    throw Error(ExitCode::usage, "which migrations? Name files or folders",
                "For example: pgsluice fix db/migrations/0042_orders.sql.");
  }
  const bool input = std::ranges::find(options.paths, "-") != options.paths.end();
  if (input && options.write)
    throw Error(ExitCode::usage, "--write cannot write to standard input", "Name the file instead of -.");
}

ExitCode fix(FixOptions options, const GlobalOptions& global) {
  check_options(options);
  Catalog catalog = load_catalog(options.catalog, options.url, global);
  if (!options.pg_version) options.pg_version = server_version(catalog);
  const Judges judges = judges_of(options);
  const std::vector<FixedPath> all = fix_all(options, std::move(catalog), judges);
  if (options.write) write_all(all);
  report(options, global, all, judges.prediction.pg_version);
  return ExitCode::ok;
}

}  // namespace

Runner add_fix(CLI::App& app) {
  const auto options = std::make_shared<FixOptions>();
  app.add_option("paths", options->paths, "files, folders, or - for standard input")->type_name("PATH");
  auto* diff =
      app.add_flag("--diff", options->diff, "show what would be written, and write nothing: the default");
  app.add_flag("--write", options->write, "write it")->excludes(diff);
  add_choice(app, "--format", options->format, {{"text", Format::text}, {"json", Format::json}},
             "a diff, or a document with the files' texts");
  app.add_option("--output", options->output, "write the diff or the document there instead")
      ->type_name("FILE");
  app.add_option(
         "--since", options->since,
         "fix only files that were added or changed since the work left this branch, tag or commit of git")
      ->type_name("REF");
  add_pg_version(
      app, options->pg_version,
      cat("version of the server, 12 to 18; default: that of --catalog, else a form that all of them take"));
  add_catalog(
      app, options->catalog,
      "what is there before the files: a file that `pgsluice snapshot` wrote, or live to ask the server");
  add_database_url(app, options->url);
  add_reading(app, options->reading);
  add_rules(app, options->rules);
  add_duration(app, "--lock-timeout", options->lock_timeout,
               "the lock_timeout that whoever runs the migrations sets: files need none then");
  return [options](const GlobalOptions& global) { return fix(*options, global); };
}

}  // namespace pgsluice::cli
