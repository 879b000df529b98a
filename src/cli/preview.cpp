// SPDX-License-Identifier: Apache-2.0
// pgsluice preview: the migrations on a server that is thrown away, observed beside predicted.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/where_to_report.hpp"
#include "catalog/read.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/input.hpp"
#include "cli/preview_clone.hpp"
#include "cli/preview_files.hpp"
#include "cli/preview_refusal.hpp"
#include "cli/reading.hpp"
#include "cli/receipt.hpp"
#include "execute/stop.hpp"
#include "findings/query_list.hpp"
#include "load/play.hpp"
#include "pg/sqlstate.hpp"
#include "preview/extrapolate.hpp"
#include "preview/recreate.hpp"
#include "preview/rehearse.hpp"
#include "preview/rows.hpp"
#include "preview/server.hpp"
#include "report/html.hpp"
#include "report/preview.hpp"
#include "report/snippet.hpp"

namespace pgsluice::cli {
namespace {

struct PreviewCommand {
  std::vector<std::string> paths;
  Conventions reading;
  std::string programs;
  std::string rules;
  std::string output;
  std::string html;
  std::string receipt;
  std::optional<int> pg_version;
  Format format = Format::text;
  bool no_history = false;
  std::string rows;
  std::string catalog;
  bool load = false;
  std::optional<std::chrono::milliseconds> blocker;
  std::string queries;
  CloneOptions clone;
};

/// What --rows says: so many, or such a part of production's.
struct RowTarget {
  long long count = 0;  ///< 0: a part
  double part = 0;
};

/// "1000", "5%", "0.01x".
std::optional<RowTarget> parse_rows(std::string_view text) {
  constexpr double k_most = 1e9;
  constexpr double k_percent = 100;
  const bool percent = text.ends_with('%');
  const bool part = percent || text.ends_with('x');
  if (part) text.remove_suffix(1);
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(number > 0) || number > k_most) return {};
  if (part) return RowTarget{.count = 0, .part = percent ? number / k_percent : number};
  if (number != std::floor(number)) return {};
  return RowTarget{.count = static_cast<long long>(number), .part = 0};
}

std::string check_rows(const std::string& text) {
  return parse_rows(text)
             ? std::string()
             : cat("'", text, "' is no number of rows such as 10000, and no part of production's such as ",
                   "1% or 0.01x");
}

/// How many rows tables shall have, or nothing.
class RowPlan {
 public:
  RowPlan(const PreviewCommand& command, ProductionRows production) : production_(std::move(production)) {
    if (!command.rows.empty()) target_ = parse_rows(command.rows);
    if (target_ && target_->count == 0 && command.catalog.empty())
      throw Error(ExitCode::usage,
                  cat("--rows ", command.rows, " is a part of production's rows, which are not known"),
                  "Give --catalog a file that pgsluice snapshot wrote there, or a number of rows.");
  }

  [[nodiscard]] bool asks_for_rows() const { return target_.has_value(); }
  [[nodiscard]] const ProductionRows& production() const { return production_; }

  /// 0: a part of what is not known.
  [[nodiscard]] long long rows(const std::string& table) const {
    if (target_->count > 0) return target_->count;
    const auto known = production_.known.find(table);
    return known == production_.known.end() ? 0 : std::llround(std::ceil(known->second * target_->part));
  }

  /// Fills all tables; those that are left alone are named.
  [[nodiscard]] Filled fill_all(Session& session) const {
    std::vector<std::string> unknown;
    const auto ask = [&](const std::string& table) {
      const long long count = rows(table);
      if (count == 0) unknown.push_back(table);
      return count;
    };
    Filled filled = fill(session, {.rows = ask, .tables = {}});
    if (!unknown.empty())
      filled.notes.push_back(
          cat("no rows were made, for the catalog does not say that there are any: ", join(unknown, ", ")));
    return filled;
  }

 private:
  std::optional<RowTarget> target_;
  ProductionRows production_;
};

std::string page_of(const Document& document) {
  return html_page("pgsluice preview", to_html(document));
}

std::string render(const Preview& preview, const PreviewCommand& command, int major,
                   const GlobalOptions& global) {
  constexpr int widest = 140;
  if (command.format == Format::json) return to_json(preview, major);
  const Document document =
      to_document(preview, command.format == Format::text ? PreviewOrder::terminal : PreviewOrder::page);
  if (command.format == Format::markdown) return to_markdown(document);
  if (command.format == Format::html) return page_of(document);
  const int descriptor = command.output.empty() ? STDOUT_FILENO : -1;
  return to_text(document, std::min(terminal_width(descriptor), widest),
                 Painter(wants_color(global.color, descriptor)));
}

/// What to send, beside the report. One is enough to begin with: the others often have the same cause.
void say_what_is_wrong(const Preview& preview) {
  for (const PreviewedFile& file : preview.files) {
    for (const PreviewedStatement& statement : file.statements) {
      if (file.history || statement.observed.error || statement.agrees()) continue;
      std::cerr << "\npgsluice was wrong about " << count_of(preview.disagreements(), "statement")
                << ". Please report the first one " << k_where_to_report
                << ", with the text below and with what the statements before it make:\n\n"
                << to_markdown(report_of(file, statement, preview));
      return;
    }
  }
}

bool has_history(const Preview& preview) {
  return std::ranges::any_of(preview.files, &PreviewedFile::history);
}

std::string place_of(const PreviewedFile& file, const PreviewedStatement& statement) {
  const LineIndex lines(file.analysis->script.source);
  const Position place = lines.position(statement.planned->range.begin);
  return cat(file.analysis->migration.path.string(), ":", std::to_string(place.line), ":",
             std::to_string(place.column));
}

ExitCode verdict(const Preview& preview, const PreviewCommand& command) {
  const Surroundings there{.catalog = !command.catalog.empty(),
                           .history = has_history(preview),
                           .complete = preview.not_recreated.empty(),
                           .filled = preview.filled.has_value()};
  for (const PreviewedFile& file : preview.files) {
    for (const PreviewedStatement& statement : file.statements) {
      if (!statement.observed.error) continue;
      const SqlError& error = *statement.observed.error;
      const std::string place = place_of(file, statement);
      throw command.clone.url ? refused_by_clone(error, place, command.clone.statement_timeout.has_value())
                              : refused_here(error, place, there);
    }
  }
  return preview.disagreements() == 0 ? ExitCode::ok : ExitCode::findings;
}

std::unique_ptr<Session> connect_to(const std::string& conninfo, const EventSink& emit, Clock& clock,
                                    const Interrupt& interrupt) {
  return connect_once(make_world(conninfo, pg::Access::any, emit, clock, interrupt));
}

/// What runs now, on one line of a terminal.
class Progress {
 public:
  explicit Progress(const GlobalOptions& global) : on_(is_terminal(STDERR_FILENO) && !global.quiet) {}
  void show(std::string_view what) const {
    if (on_) std::cerr << "\r\x1b[K" << one_line(what, terminal_width(STDERR_FILENO) - 1) << std::flush;
  }
  void clear() const {
    if (on_) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  bool on_;
};

StatementBegins show_on(const Progress& progress) {
  return [&progress](const FileAnalysis& file, const Statement& statement) {
    progress.show(cat(file.migration.id, ": ", file.script.text(statement.range)));
  };
}

LoadOptions load_options(const PreviewCommand& command, const RowPlan& rows) {
  constexpr long long k_few_rows = 200;  // enough to read and to change
  LoadOptions options{.blocker = command.blocker, .queries = {}, .rows = [&rows](const std::string& table) {
                        const long long asked = rows.asks_for_rows() ? rows.rows(table) : 0;
                        return asked > k_few_rows ? asked : k_few_rows;
                      }};
  if (command.queries.empty()) return options;
  const QueryList list = QueryList::load(command.queries);
  constexpr int k_widest_query = 60;
  for (const QueryList::Query& query : list.queries())
    options.queries.push_back(
        {.kind = LoadQuery::Kind::given,
         .name = cat(command.queries, " ", query.place, ": ", one_line(query.text, k_widest_query)),
         .sql = query.text});
  for (const std::string& place : list.others())
    options.notes.push_back(cat(command.queries, " ", place, " is left out: it is no query"));
  return options;
}

void stop_if_interrupted(const Interrupt& interrupt,
                         const std::string& end = "interrupted; the server is gone, nothing is left") {
  if (interrupt.signal() != 0) throw Error(interrupted_code(interrupt), end);
}

/// What libpq takes from it leads to the user's databases: PGHOSTADDR is stronger than any host, so that the files would run
/// there.
void forget_environment_of_libpq() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view setting = *entry;
    if (setting.starts_with("PG") && !setting.starts_with("PGSLUICE"))
      names.emplace_back(setting.substr(0, setting.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

/// That of production, unless another one is asked for.
std::optional<int> version_of(const PreviewCommand& command, const std::optional<Snapshot>& production) {
  constexpr int k_major = 10000;
  if (command.pg_version || !production) return command.pg_version;
  return static_cast<int>(production->database.server_version_num / k_major);
}

/// Files of the history that the server refuses are left out.
bool leave_out_refused(const Preview& preview, Files& files) {
  std::size_t gone = 0;
  for (std::size_t i = 0; i < preview.files.size(); ++i) {
    const PreviewedFile& file = preview.files[i];
    if (!file.history || file.statements.empty() || !file.statements.back().observed.error) continue;
    const SqlError& error = *file.statements.back().observed.error;
    if (pg::classify(error.sqlstate) == pg::Failure::connection) return false;
    files.leave_out(i - gone++, place_of(file, file.statements.back()),
                    cat(error.message, " (", error.sqlstate, ")"));
  }
  return gone > 0;
}

/// What one server has seen.
struct Seen {
  Plan plan;
  Preview preview;
  std::string catalog;  ///< digest of what was there before the first file
  RowCounts measured;
};

/// What does not change from server to server.
struct Stagehand {
  const PreviewCommand& command;
  const std::optional<Snapshot>& production;
  const RowPlan& rows;
  const ServerPrograms& programs;
  const Progress& progress;
  Clock& clock;
  const Interrupt& interrupt;
};

Seen see(const Stagehand& hand, Files& files) {
  Seen seen;
  PreviewBasis basis{.pg_version = hand.programs.major,
                     .there = {},
                     .schemas = {},
                     .ledger = {},
                     .checksums = !hand.command.receipt.empty(),
                     .rules = hand.command.rules};
  plan_of(files, basis);  // what is refused before anything runs needs no server
  const ThrowAwayServer server(hand.programs);
  const EventSink silent = [](const Event&) {};
  std::vector<std::string> not_recreated;
  if (hand.production) {
    hand.progress.show("making the catalog's tables");
    not_recreated =
        recreate(*connect_to(server.conninfo(), silent, hand.clock, hand.interrupt), *hand.production);
    stop_if_interrupted(hand.interrupt);
  }
  const auto runner = connect_to(server.conninfo(), silent, hand.clock, hand.interrupt);
  const auto watcher = connect_to(server.conninfo(), silent, hand.clock, hand.interrupt);
  const auto bystander = connect_to(server.conninfo(), silent, hand.clock, hand.interrupt);
  // Predicted from what is there: not everything of production may have been made, and what is not there is known not to be.
  basis.there = make_catalog(read_snapshot(*watcher, {}));
  seen.plan = plan_of(files, basis);
  std::optional<Filled> filled;
  const Stage stage{
      .runner = *runner, .onlookers = {.watcher = *watcher, .bystander = *bystander}, .prepare = [&] {
        seen.catalog = catalog_digest(read_snapshot(*watcher, {.sizes = false}));
        if (hand.rows.asks_for_rows()) {
          hand.progress.show("filling tables with rows");
          filled = hand.rows.fill_all(*watcher);
        }
        if (!hand.rows.production().known.empty()) seen.measured = measured_rows(*watcher);
      }};
  seen.preview = rehearse(seen.plan, files.all.history, stage, show_on(hand.progress));
  seen.preview.not_recreated = std::move(not_recreated);
  seen.preview.filled = std::move(filled);
  return seen;
}

/// As often as the server refuses files of the history: what was predicted of the others rests on them.
Seen see_without_refused(const Stagehand& hand, Files& files) {
  for (;;) {
    Seen seen = see(hand, files);
    if (hand.interrupt.signal() != 0 || !leave_out_refused(seen.preview, files)) return seen;
  }
}

/// Writes what was seen to wherever it was asked for.
ExitCode tell(const PreviewCommand& command, const GlobalOptions& global, const Preview& preview, int major,
              const std::string& catalog, const Files& files) {
  const std::string text = render(preview, command, major, global);
  if (command.output.empty()) {
    std::cout << text;
  } else {
    write_file(command.output, text);
  }
  if (!command.html.empty()) write_file(command.html, page_of(to_document(preview, PreviewOrder::page)));
  if (command.format != Format::json) say_what_is_wrong(preview);
  if (files.refused) refuse(*files.refused);
  const ExitCode code = verdict(preview, command);
  if (code == ExitCode::ok && !command.receipt.empty())
    write_file(command.receipt, write_receipt(preview, major, catalog));
  return code;
}

/// What makes sense only where the server is ours.
void expect_nothing_for_own_server(const PreviewCommand& command) {
  const auto refuse_option = [](bool given, std::string_view option) {
    if (!given) return;
    throw Error(ExitCode::usage, cat("--database-url and ", option, " do not go together"),
                cat(option, " is for the server that preview starts by itself: leave one of them out (",
                    "pgsluice.toml counts, too)."));
  };
  refuse_option(!command.catalog.empty(), "--catalog");
  refuse_option(!command.rows.empty(), "--rows");
  refuse_option(command.load, "--load");
  refuse_option(command.blocker.has_value(), "--blocker");
  refuse_option(!command.queries.empty(), "--queries");
  refuse_option(!command.programs.empty(), "--pg-bin");
  refuse_option(command.pg_version.has_value(), "--pg-version");
}

ExitCode preview_on_clone(const PreviewCommand& command, const GlobalOptions& global) {
  expect_nothing_for_own_server(command);
  expect_consent(command.clone);
  Files files;
  // Earlier files of the folder that are pending, too, are what those that are named may rest on.
  if (command.no_history) {
    files.all.migrations = find_migrations(command.paths, command.reading);
  } else {
    files.all = find_with_history(command.paths, command.reading);
  }
  const RealWorld real(*command.clone.url, pg::Access::any, global);
  const Progress progress(global);
  CloneSeen seen = see_clone(
      command.clone, files,
      {.pg_version = 0, .there = {}, .schemas = {}, .ledger = {}, .checksums = true, .rules = command.rules},
      real.world(), show_on(progress));
  progress.clear();
  stop_if_interrupted(real.world().interrupt, "interrupted; all is rolled back");
  if (seen.applied > 0 && !global.quiet)
    std::cerr << count_of(seen.applied, "file") << " applied there already\n";
  seen.preview.left_out.insert(seen.preview.left_out.begin(), files.left_out.begin(), files.left_out.end());
  seen.preview.apply_refuses = files.contract_work;
  return tell(command, global, seen.preview, seen.major, seen.catalog, files);
}

ExitCode preview_here(const PreviewCommand& command, const GlobalOptions& global) {
  std::optional<Snapshot> production;
  if (!command.catalog.empty()) production = load_snapshot(command.catalog, {}, global);
  forget_environment_of_libpq();
  const RowPlan rows(command, production ? production_rows(make_catalog(*production)) : ProductionRows());
  const LoadOptions options = load_options(command, rows);
  Interrupt interrupt;
  const SignalGuard guard(interrupt);
  SystemClock clock(interrupt);
  Files files;
  // What the catalog has is what they have made.
  if (command.no_history || production) {
    files.all.migrations = find_migrations(command.paths, command.reading);
  } else {
    files.all = find_with_history(command.paths, command.reading);
  }
  if (!files.all.history.empty() && !global.quiet)
    std::cerr << "running " << count_of(files.all.history.size(), "earlier file") << " first\n";
  const ServerPrograms programs = find_programs(command.programs, version_of(command, production));
  const Progress progress(global);
  Seen seen = see_without_refused({.command = command,
                                   .production = production,
                                   .rows = rows,
                                   .programs = programs,
                                   .progress = progress,
                                   .clock = clock,
                                   .interrupt = interrupt},
                                  files);
  const Plan& plan = seen.plan;
  Preview& preview = seen.preview;
  preview.left_out = files.left_out;
  preview.apply_refuses = files.contract_work;
  extrapolate(preview, seen.measured, rows.production());
  const bool loaded = command.load || command.blocker || !command.queries.empty();
  const LoadStage load_stage{.programs = programs,
                             .interrupt = interrupt,
                             .world =
                                 [&](const std::string& conninfo, EventSink emit) {
                                   return make_world(conninfo, pg::Access::any, std::move(emit), clock,
                                                     interrupt);
                                 },
                             .began = [&](std::string_view what) { progress.show(what); },
                             .prepare =
                                 [&](Session& session) {
                                   if (production) recreate(session, *production);
                                 }};
  try {
    if (loaded && interrupt.signal() == 0 && preview.failed() == nullptr)
      preview.load = play(plan, files.all.history, preview, options, load_stage);
  } catch (const Error&) {
    if (interrupt.signal() == 0) throw;  // else it failed because of that
  }
  progress.clear();
  stop_if_interrupted(interrupt);
  preview.server = cat("PostgreSQL ", programs.release);
  return tell(command, global, preview, programs.major, seen.catalog, files);
}

/// Known before anything runs for long.
void expect_folders(const PreviewCommand& command) {
  for (const std::string& path : {command.output, command.html, command.receipt}) {
    const std::filesystem::path folder = parent_folder(path);
    if (!path.empty() && !std::filesystem::is_directory(folder))
      throw Error(ExitCode::usage, cat("cannot write ", path, ": there is no folder ", folder.string()),
                  "Make it first, or name another file.");
  }
}

ExitCode run_preview(const PreviewCommand& command, const GlobalOptions& global) {
  expect_folders(command);
  return command.clone.url ? preview_on_clone(command, global) : preview_here(command, global);
}

}  // namespace

Runner add_preview(CLI::App& app) {
  const auto command = std::make_shared<PreviewCommand>();
  app.add_option("PATH", command->paths,
                 "files and folders of migrations; files of one folder run in the order of their versions")
      ->required();
  app.add_option("--pg-bin", command->programs, "folder with PostgreSQL's programs initdb and postgres")
      ->type_name("DIR");
  add_pg_version(app, command->pg_version,
                 "major version of the server (default: the newest on this machine)");
  add_choice(app, "--format", command->format,
             {{"text", Format::text},
              {"json", Format::json},
              {"markdown", Format::markdown},
              {"html", Format::html}},
             "form of the report");
  app.add_option("--output", command->output, "file to write the report to")->type_name("FILE");
  app.add_option("--html", command->html, "file to write a page with a time line to, beside the report")
      ->type_name("FILE");
  app.add_option("--receipt", command->receipt,
                 "file to write a receipt to, for apply --require-receipt, when all is as predicted")
      ->type_name("FILE");
  app.add_flag("--no-history", command->no_history, "run nothing but what is named");
  app.add_option(
         "--rows", command->rows,
         "fill the tables that are there before the first file with so many rows each, or with such a part "
         "of production's")
      ->type_name("N|N%|Nx")
      ->check(CLI::Validator(check_rows, ""));
  add_catalog(app, command->catalog,
              "a file that snapshot wrote in production, or live: its schema is made first, and what "
              "statements would "
              "take with its number of rows is said");
  app.add_flag("--load", command->load,
               "run the files beside an application, too, and show which of its queries waited for what");
  add_duration(app, "--blocker", command->blocker,
               "the same, and a transaction that has read the first table stays for so long");
  app.add_option(
         "--queries", command->queries,
         "the same, with what the application really sends: .sql, or from pg_stat_statements .csv or .json")
      ->type_name("FILE");
  add_clone_options(app, command->clone);
  add_reading(app, command->reading);
  add_rules(app, command->rules);
  return [command](const GlobalOptions& global) { return run_preview(*command, global); };
}

}  // namespace pgsluice::cli
