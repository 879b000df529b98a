// SPDX-License-Identifier: Apache-2.0
// explain: a name → its page; SQL → what it does, and why.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <numeric>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/input.hpp"
#include "cli/reading.hpp"
#include "pgsluice/explain.hpp"
#include "report/explain.hpp"

namespace pgsluice::cli {
namespace {

struct ExplainOptions {
  std::string name;
  std::string sql;
  std::vector<std::string> after;
  Conventions reading;
  bool all = false;
  Format format = Format::text;
  std::string output;
  std::string rules;
  std::string catalog;
  std::string url;
  std::optional<int> pg_version;
};

struct Rules {
  EffectTable effects;
  RuleBook findings;
};

// ---- a statement -----------------------------------------------------------------------------------------------------

/// All of it must be understood: an explanation of a part would be taken for one of the whole.
Script parse_sql(const std::string& sql) {
  Script script = parse({.path = "--sql", .text = sql == "-" ? read_stdin() : sql});
  if (!script.errors.empty()) {
    const SyntaxError& error = script.errors.front();
    const Position at = LineIndex(script.source).position(error.range.begin);
    throw Error(ExitCode::usage,
                cat("line ", std::to_string(at.line), ", column ", std::to_string(at.column), ": ",
                    printable_line(error.message)),
                printable_line(error.hint));
  }
  if (script.statements.empty()) {
    throw Error(ExitCode::usage, "there is no statement to explain",
                "For example: pgsluice explain --sql \"ALTER TABLE t ADD COLUMN c int\".");
  }
  return script;
}

/// That which is asked for, the server's, or all.
std::vector<int> versions_of(const ExplainOptions& options, const Catalog& catalog) {
  if (options.pg_version) return {*options.pg_version};
  if (const std::optional<int> server = server_version(catalog)) return {*server};
  std::vector<int> versions(k_last_version - k_first_version + 1);
  std::iota(versions.begin(), versions.end(), k_first_version);
  return versions;
}

Explanation explain_sql(const ExplainOptions& options, const Rules& rules, const GlobalOptions& global) {
  ExplainInput input{.script = parse_sql(options.sql), .today = today()};
  if (!options.after.empty()) input.before = find_migrations(options.after, options.reading);
  for (Migration& migration : input.before) read(migration);
  input.catalog = load_catalog(options.catalog, options.url, global);
  input.versions = versions_of(options, input.catalog);
  return explain(input, rules.effects, rules.findings);
}

// ---- pages -----------------------------------------------------------------------------------------------------------

FindingPage page_of(const FindingRule& rule, const ExplainOptions& options, const Rules& rules) {
  return finding_page(rule, rules.effects, rules.findings, options.rules,
                      options.pg_version.value_or(k_oldest_supported));
}

std::vector<FindingPage> finding_pages(const ExplainOptions& options, const Rules& rules) {
  std::vector<FindingPage> pages;
  for (const FindingRule& rule : rules.findings.rules()) pages.push_back(page_of(rule, options, rules));
  return pages;
}

[[noreturn]] void unknown_name(const std::string& name, const Rules& rules,
                               const std::vector<RowChapter>& chapters) {
  std::vector<std::string> names;
  for (const FindingRule& rule : rules.findings.rules()) names.push_back(rule.name);
  for (const RowChapter& chapter : chapters) {
    for (const RowGroup& group : chapter.groups) {
      names.push_back(group.name);
      for (const RowPage& page : group.rows) names.push_back(page.row->id);
    }
  }
  const auto meant = closest(name, names);
  const std::string_view hint = name.find(' ') != std::string::npos
                                    ? "To explain a statement: pgsluice explain --sql \"…\"."
                                    : "pgsluice explain lists them all.";
  throw Error(ExitCode::usage, cat("there is no finding and no row \"", printable_line(name), "\""),
              meant ? cat("Did you mean ", *meant, "? ", hint) : std::string(hint));
}

/// The rows of that name: a command's, one alone, or those of a tag of PostgreSQL's.
RowGroup find_rows(const std::string& name, const Rules& rules) {
  const std::vector<RowChapter> chapters = row_chapters(rules.effects);
  RowGroup of_tag{.name = name};
  for (const RowChapter& chapter : chapters) {
    for (const RowGroup& group : chapter.groups) {
      if (group.name == name) return group;
      for (const RowPage& page : group.rows) {
        if (page.row->id == name) return {.name = group.name, .form = group.form, .rows = {page}};
        if (page.row->on != name) continue;
        of_tag.form = group.form;
        of_tag.rows.push_back(page);
      }
    }
  }
  if (of_tag.rows.empty()) unknown_name(name, rules, chapters);
  return of_tag;
}

// ---- what is shown, in which form --------------------------------------------------------------------------------------

std::string render(const Document& document, const ExplainOptions& options, const GlobalOptions& global) {
  constexpr int widest = 100;
  if (options.format == Format::markdown) return to_markdown(document);
  const int descriptor = options.output.empty() ? STDOUT_FILENO : -1;
  return to_text(document, std::min(terminal_width(descriptor), widest),
                 Painter(wants_color(global.color, descriptor)));
}

template <typename Page>
std::string show(const Page& page, const ExplainOptions& options, const GlobalOptions& global) {
  return options.format == Format::json ? to_json(page) : render(to_document(page), options, global);
}

std::string show_all(const ExplainOptions& options, const Rules& rules, const GlobalOptions& global) {
  const std::vector<FindingPage> findings = finding_pages(options, rules);
  const std::vector<RowChapter> chapters = row_chapters(rules.effects);
  if (options.format == Format::json) return to_json(findings, chapters);
  return render(options.all ? book_document(findings, chapters) : list_document(findings, chapters), options,
                global);
}

std::string answer(const ExplainOptions& options, const GlobalOptions& global) {
  const Rules rules{.effects = EffectTable::load(options.rules), .findings = RuleBook::load(options.rules)};
  if (!options.sql.empty()) return show(explain_sql(options, rules, global), options, global);
  if (options.name.empty()) return show_all(options, rules, global);
  const FindingRule* rule = rules.findings.find(options.name);
  return rule != nullptr ? show(page_of(*rule, options, rules), options, global)
                         : show(find_rows(options.name, rules), options, global);
}

/// `explain -` is `explain --sql -`.
ExitCode run_explain(ExplainOptions options, const GlobalOptions& global) {
  if (options.name == "-") std::swap(options.name, options.sql);
  if (!options.name.empty() && (options.all || !options.sql.empty())) {
    throw Error(ExitCode::usage, cat("explain ", printable_line(options.name), " or explain ",
                                     options.all ? "--all" : "--sql", ", not both"));
  }
  const std::string text = answer(options, global);
  if (options.output.empty()) {
    std::cout << text;
  } else {
    write_file(options.output, text);
  }
  return ExitCode::ok;
}

}  // namespace

Runner add_explain(CLI::App& app) {
  const auto options = std::make_shared<ExplainOptions>();
  app.add_option(
         "name", options->name,
         "a finding, a row, or the rows of a command such as add_column; - reads SQL; default: a list")
      ->type_name("NAME");
  app.add_option("--sql", options->sql, "explain these statements; - reads standard input")->type_name("SQL");
  app.add_option("--after", options->after,
                 "migrations that come before them: files or folders; may be given several times")
      ->type_name("PATH")
      ->allow_extra_args(false);
  add_pg_version(app, options->pg_version,
                 "version of the server, 12 to 18; default: that of --catalog, else all, side by side");
  add_catalog(app, options->catalog,
              "what is there before everything else: a file that `pgsluice snapshot` wrote, or live to ask "
              "the server");
  add_database_url(app, options->url);
  add_choice(app, "--format", options->format,
             {{"text", Format::text}, {"json", Format::json}, {"markdown", Format::markdown}},
             "form of the answer");
  app.add_option("--output", options->output, "write it to this file")->type_name("FILE");
  app.add_flag("--all", options->all, "all pages at once, as in rules/README.md");
  add_reading(app, options->reading);
  add_rules(app, options->rules);
  return [options](const GlobalOptions& global) { return run_explain(*options, global); };
}

}  // namespace pgsluice::cli
