// SPDX-License-Identifier: Apache-2.0
// pgsluice baseline: adopts a database that others have migrated so far. Runs no migration.

#include <algorithm>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/reading.hpp"
#include "gate/record.hpp"
#include "pgsluice/adopt.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice::cli {
namespace {

struct BaselineCommand {
  std::string directory;
  Conventions reading;
  std::string url;
  std::string to;
  std::string from;
  bool dry_run = false;
  Format format = Format::text;
};

constexpr std::string_view k_nobody = "none";

/// What is to be marked, and where that comes from.
struct Choice {
  std::set<std::string> ids;
  std::string tool;  ///< empty: the user said so
  std::string relation;
  Adoption adoption;
};

const ForeignLedger* choose_ledger(const std::vector<ForeignLedger>& ledgers,
                                   const BaselineCommand& command) {
  if (command.from == k_nobody || (command.from.empty() && !command.to.empty())) return nullptr;
  std::vector<std::string> found;
  for (const ForeignLedger& ledger : ledgers) {
    if (ledger.tool == command.from) return &ledger;
    found.push_back(cat(ledger.tool, " (", printable_line(ledger.relation), ")"));
  }
  if (!command.from.empty()) {
    throw Error(ExitCode::refused, cat("there is no ledger of ", command.from, " in this database"),
                found.empty() ? "" : cat("Found: ", join(found, ", "), "."));
  }
  if (found.size() > 1) {
    throw Error(ExitCode::refused, cat("several tools have a ledger here: ", join(found, ", ")),
                "Say with --from TOOL which one has applied these files, or with --from none that none has.");
  }
  return ledgers.empty() ? nullptr : &ledgers.front();
}

Choice of_ledger(const ForeignLedger& ledger, const std::vector<Migration>& migrations) {
  Choice choice{.ids = {},
                .tool = ledger.tool,
                .relation = ledger.relation,
                .adoption = match_files(ledger, migrations)};
  if (!choice.adoption.failed.empty()) {
    throw Error(ExitCode::refused,
                cat(ledger.tool, " has begun and not finished: ", join(choice.adoption.failed, ", ")),
                cat("Finish or repair it with ", ledger.tool, " first: nobody else knows how far it came."));
  }
  choice.ids = choice.adoption.applied;
  return choice;
}

/// Everything in order, up to the file that was named.
Choice up_to(const std::string& last, const std::vector<Migration>& migrations) {
  Choice choice;
  for (const Migration& migration : migrations) {
    choice.ids.insert(migration.id);
    if (migration.id == last) return choice;
  }
  if (last.empty()) return choice;
  std::vector<std::string> ids;
  for (const Migration& migration : migrations) ids.push_back(migration.id);
  const auto meant = closest(last, ids);
  throw Error(ExitCode::usage, cat("--to: there is no ", printable_line(last), " in the folder"),
              meant ? cat("Did you mean ", printable_line(*meant), "?") : "");
}

/// Those that the ledger does not know yet. What it has begun is not for us to call done.
std::vector<AdoptedFile> unknown_to(const Ledger& ledger, const std::set<std::string>& ids,
                                    const std::vector<Migration>& migrations) {
  std::vector<AdoptedFile> unknown;
  for (const Migration& migration : migrations) {
    if (ids.find(migration.id) == ids.end() || ledger.is_applied(migration.id)) continue;
    const auto row = ledger.migrations.find(migration.id);
    if (row != ledger.migrations.end()) {
      throw Error(ExitCode::refused,
                  cat("the ledger says that ", printable_line(migration.id), " is ",
                      to_string(row->second.state), ": it is not adopted as applied"),
                  "Let pgsluice apply finish it, or name an earlier file with --to.");
    }
    const FileAnalysis file = parse(migration);
    unknown.push_back({.migration = migration, .needs_app = file.directives.needs_app});
    unknown.back().migration.phase = file.migration.phase;  // a directive of the file may say so
  }
  return unknown;
}

OrderedJson ids_of(const std::vector<AdoptedFile>& files) {
  OrderedJson ids = OrderedJson::array();
  for (const AdoptedFile& file : files) ids.push_back(file.migration.id);
  return ids;
}

OrderedJson document(const Choice& choice, const std::vector<AdoptedFile>& adopted,
                     const BaselineCommand& command) {
  return {{"schema", 1},
          {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
          {"from", choice.tool.empty() ? OrderedJson(nullptr) : OrderedJson(choice.tool)},
          {"relation", choice.relation.empty() ? OrderedJson(nullptr) : OrderedJson(choice.relation)},
          {"dry_run", command.dry_run},
          {"baselined", ids_of(adopted)},
          {"applied_in_part", choice.adoption.in_part},
          {"without_file", choice.adoption.without_file}};
}

void tell_doubts(const Choice& choice, const World& world) {
  const auto warn = [&](const std::string& subject, std::string message) {
    world.emit({.severity = Severity::warning,
                .name = "baseline-warning",
                .subject = subject,
                .message = std::move(message)});
  };
  for (const std::string& id : choice.adoption.in_part) {
    warn(id, cat("only some of its changes are in the ledger of ", choice.tool, ": it stays pending"));
  }
  for (const std::string& entry : choice.adoption.without_file) {
    warn(entry, cat("is applied, says the ledger of ", choice.tool, ", and no file of the folder is it"));
  }
}

std::string summary(const Choice& choice, const std::vector<AdoptedFile>& adopted, std::size_t all,
                    const BaselineCommand& command) {
  const std::string whence = choice.tool.empty() ? ""
                                                 : cat(" by the ledger of ", choice.tool, " (",
                                                       printable_line(choice.relation), ")");
  return cat(command.dry_run ? "would mark " : "marked ", count_of(adopted.size(), "migration"), " of ",
             std::to_string(all), " as applied", whence);
}

/// As a folder: what runs now has all of it. No release follows it, for nobody has brought it.
void record_folder(const Choice& choice, const Ledger& ledger, const std::vector<Migration>& migrations,
                   Session& session) {
  std::vector<Migration> applied;
  for (const Migration& migration : migrations) {
    if (choice.ids.contains(migration.id) || ledger.is_applied(migration.id))
      applied.push_back({.id = migration.id, .sha256 = migration.sha256});
  }
  record_bundle(session, applied, {}, false);
}

ExitCode run_baseline(const BaselineCommand& command, const GlobalOptions& global) {
  std::vector<Migration> migrations = discover(command.directory, command.reading);
  const RealWorld real(command.url, pg::Access::read_write, global);
  const World& world = real.world();
  tell_reading(migrations, world.emit);
  Worker worker = open_worker(world, RunOptions{});
  const ForeignLedger* ledger = nullptr;
  const std::vector<ForeignLedger> ledgers = find_foreign_ledgers(*worker.session);
  ledger = choose_ledger(ledgers, command);
  const Choice choice = ledger == nullptr ? up_to(command.to, migrations) : of_ledger(*ledger, migrations);
  const Ledger ledger_before = read_ledger(worker);
  const std::vector<AdoptedFile> adopted = unknown_to(ledger_before, choice.ids, migrations);
  tell_doubts(choice, world);
  if (!command.dry_run && !adopted.empty()) {
    record_baseline(adopted, choice.tool, worker, world,
                    [&](Session& session) { record_folder(choice, ledger_before, migrations, session); });
  }
  if (command.format == Format::json) {
    std::cout << dump_pretty(document(choice, adopted, command));
  } else if (!global.quiet) {
    for (const AdoptedFile& file : adopted) std::cout << printable_line(file.migration.id) << '\n';
    std::cout << Painter(wants_color(global.color, STDOUT_FILENO))(
                     Style::good, summary(choice, adopted, migrations.size(), command))
              << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

Runner add_baseline(CLI::App& app) {
  const auto command = std::make_shared<BaselineCommand>();
  app.add_option("DIR", command->directory, "folder of migrations")->required();
  add_reading(app, command->reading);
  add_database_url(app, command->url);
  CLI::Option* to =
      app.add_option("--to", command->to, "the last file that is applied already; default: the last one")
          ->type_name("FILE");
  std::vector<std::string> words{std::string(k_nobody)};
  for (const std::string& tool : foreign_tools()) words.push_back(tool);
  const auto check = [words](const std::string& text) {
    const bool known = std::find(words.begin(), words.end(), text) != words.end();
    return known ? std::string()
                 : cat("\"", printable_line(text), "\" is none of ", enumerate(words, " and "));
  };
  app.add_option("--from", command->from, "whose ledger says what is applied; default: the one that is there")
      ->type_name("TOOL")
      ->check(CLI::Validator(check, ""))
      ->excludes(to);
  app.add_flag("--dry-run", command->dry_run, "say what would be marked, and write nothing");
  add_choice(app, "--format", command->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the result");
  return [command](const GlobalOptions& global) { return run_baseline(*command, global); };
}

}  // namespace pgsluice::cli
