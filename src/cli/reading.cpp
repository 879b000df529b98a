// SPDX-License-Identifier: Apache-2.0
#include "cli/reading.hpp"

#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>

#include "base/text.hpp"

namespace pgsluice::cli {
namespace {

std::string check_tool(const std::string& text) {
  const std::vector<std::string> words = tool_words();
  if (std::ranges::find(words, text) != words.end()) return {};
  const auto meant = closest(text, words);
  return cat("\"", printable_line(text), "\" is none of ", enumerate(words, " and "),
             meant ? cat(": did you mean ", *meant, "?") : std::string());
}

std::string check_placeholder(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos && equals > 0;
  return named ? std::string() : "a placeholder is written NAME=VALUE";  // the text may be a secret
}

}  // namespace

void add_reading(CLI::App& app, Conventions& options) {
  app.add_option(
         "--tool", options.tool,
         "whose conventions the migrations are in, such as goose or flyway; default: what layout and content "
         "say")
      ->type_name("TOOL")
      ->check(CLI::Validator(check_tool, ""));
  const auto take = [&options](const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      options.placeholders.insert_or_assign(word.substr(0, equals), word.substr(equals + 1));
    }
  };
  // What is on the command line comes on top of the file's section, and not in its place.
  const auto take_from_file = [&options](const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      options.placeholders.emplace(word.substr(0, equals), word.substr(equals + 1));
    }
  };
  app.add_option_function<std::vector<std::string>>(
         "--placeholder", take,
         "value of a placeholder such as ${schema} or :schema; may be given several times")
      ->type_name("NAME=VALUE")
      ->check(CLI::Validator(check_placeholder, ""))
      ->allow_extra_args(false);
  app.add_option_function<std::vector<std::string>>("--placeholders", take_from_file)->group("");
}

void tell_reading(const std::vector<Migration>& migrations, const EventSink& emit) {
  std::set<std::string> tools;
  std::set<std::string> doubts;
  for (const Migration& migration : migrations) {
    tools.insert(migration.tool);
    if (!migration.doubt.empty()) doubts.insert(migration.doubt);
  }
  const bool plain = tools == std::set<std::string>{std::string(tool::plain)};
  std::size_t left_out = 0;
  for (const Migration& migration : migrations) left_out = std::max(left_out, migration.left_out);
  const std::string others = left_out == 0
                                 ? std::string()
                                 : cat("; ", count_of(left_out, "file"), " of SQL that it would not run ",
                                       left_out == 1 ? "is" : "are", " left out");
  emit({.severity = Severity::info,
        .name = "migrations-read",
        .message =
            plain ? "read as plain SQL"
                  : cat("read as migrations of ",
                        enumerate(std::vector<std::string>(tools.begin(), tools.end()), " and "), others),
        .detail = plain});
  for (const std::string& doubt : doubts)
    emit({.severity = Severity::warning, .name = "migrations-in-doubt", .message = doubt});
}

}  // namespace pgsluice::cli
