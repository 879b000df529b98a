// SPDX-License-Identifier: Apache-2.0
#include "cli/program.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/commands.hpp"
#include "cli/config.hpp"
#include "cli/config_schema.hpp"
#include "cli/help.hpp"
#include "cli/options.hpp"
#include "pg/libpq.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::string_view k_description =
    "a safety gate and deploy orchestrator for PostgreSQL schema migrations";
constexpr std::string_view k_footer =
    R"(Exit codes: 0 done, 1 findings, 2 usage or configuration; the rest stands in the
help of the command that uses it. `pgsluice COMMAND --help` shows examples.

Every option can stand in pgsluice.toml, looked for upwards from the current folder.)";

/// A missing libpq is no reason to refuse an answer: lint works without it.
std::string libpq_version_or_reason() {
  try {
    return pg::libpq_version();
  } catch (const Error& error) {
    return cat("not available (", error.what(), ")");
  }
}

std::string version_text() {
  return cat("pgsluice ", k_version, "\nSQL grammar: PostgreSQL ", std::to_string(grammar_version()),
             "\nlibpq: ", libpq_version_or_reason());
}

/// To declare the options of every command takes longer than to lint a file: those of commands that nobody has named are
/// only needed where a configuration file may name them.
bool needs_options_of(const CommandRow& row, const std::vector<std::string_view>& arguments) {
  std::error_code ignored;
  static const bool configured = !find_config(std::filesystem::current_path(ignored)).empty();
  return configured || std::ranges::any_of(arguments, [&row](std::string_view argument) {
           return argument == row.name || argument.starts_with("--config");
         });
}

/// The parser and the commands behind it; cannot move once commands refer to it.
struct Program {
  CLI::App app{std::string(k_description), "pgsluice"};
  std::vector<std::pair<CLI::App*, Runner>> runners;

  void print_config_schema() const {
    std::cout << config_schema(app);
    throw CLI::Success();
  }

  Program(GlobalOptions& options, const std::vector<std::string_view>& arguments) {
    app.footer(std::string(k_footer));
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_help_flag("-h,--help", "show this help");
    app.set_version_flag("--version", version_text, "show the versions of program, SQL grammar and libpq");
    add_config(app);
    app.add_flag_callback(
           "--config-schema", [this] { print_config_schema(); },
           "print the JSON Schema of pgsluice.toml, for editors")
        ->configurable(false);
    add_global_options(app, options);
    for (const CommandRow& row : commands()) {
      CLI::App* command = app.add_subcommand(std::string(row.name), std::string(row.summary));
      command->footer(std::string(row.help));
      command->fallthrough();  // `pgsluice lint -v` as well as `pgsluice -v lint`
      if (needs_options_of(row, arguments)) runners.emplace_back(command, row.add(*command));
    }
  }
};

std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// A command line may hold a connection string with a password: an argument is only repeated when it cannot.
std::string repeatable(const std::string& argument) {
  const bool secret = argument.find("://") != std::string::npos || argument.find('=') != std::string::npos;
  return secret ? printable_line(argument.substr(0, argument.find_first_of(":="))) + "…"
                : printable_line(argument);
}

[[noreturn]] void unexpected_argument(const CLI::App& app, const std::string& argument) {
  const std::vector<CLI::App*> active = app.get_subcommands();
  const CLI::App& command = active.empty() ? app : *active.front();
  const std::string help = cat("See pgsluice ", active.empty() ? "" : command.get_name() + " ", "--help.");
  std::vector<std::string> words = active.empty() ? command_names(app) : known_words(command);
  for (const std::string& word : known_words(app)) words.push_back(word);
  const std::string name = argument.substr(0, argument.find('='));
  const auto meant = closest(name, words);
  const std::string_view kind = argument.starts_with("-") ? "option"
                                : active.empty()          ? "command"
                                                          : "argument";
  throw Error(ExitCode::usage, cat("unknown ", kind, " ", repeatable(argument)),
              meant ? cat("Did you mean ", *meant, "? ", help) : help);
}

/// CLI11's words for its commonest complaints differ between its releases; ours do not.
std::string message_of(const CLI::App& app, const CLI::ParseError& error) {
  std::string what = error.what();
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) {
    return cat("cannot read ", config_file(app), ": no such file");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return cat(what.substr(0, what.find(':')), " needs a value");
  }
  return what;
}

/// Whether the option that the message begins with was not on the command line.
bool is_of_config(const std::string& message, const std::vector<std::string>& arguments) {
  const std::string option = message.substr(0, message.find(':'));
  return option.starts_with("--") &&
         std::none_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
           return argument == option || argument.starts_with(option + "=");
         });
}

/// CLI11 has a family of exit codes; ours for all of them is 2.
[[noreturn]] void usage_error(const CLI::App& app, const CLI::ParseError& error,
                              const std::vector<std::string>& arguments) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    unexpected_argument(app, app.remaining(true).front());
  }
  const std::string message = printable_line(message_of(app, error));
  const std::vector<CLI::App*> active = app.get_subcommands();
  const std::string command = active.empty() ? "" : active.front()->get_name() + " ";
  const std::string config = config_file(app);
  const bool of_config = dynamic_cast<const CLI::ValidationError*>(&error) != nullptr && !config.empty() &&
                         is_of_config(message, arguments);
  throw Error(ExitCode::usage, of_config ? cat(printable_line(config), ": ", message.substr(2)) : message,
              cat("See pgsluice ", command, "--help."));
}

/// What could not be written was not said: a full disk must not look like success.
void flush_output() {
  std::cout.flush();
  if (!std::cout) {
    throw Error(ExitCode::usage, "cannot write standard output");
  }
}

}  // namespace

ExitCode run(int argc, char** argv, GlobalOptions& options) {
  Program program(options, {argv + 1, argv + std::max(argc, 1)});
  if (argc < 2) {
    std::cerr << program.app.help();
    return ExitCode::usage;
  }
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    program.app.exit(success);
    flush_output();
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    usage_error(program.app, error, {argv + 1, argv + argc});
  }
  for (const auto& [command, runner] : program.runners) {
    if (command->parsed()) {
      const ExitCode code = runner(options);
      flush_output();
      return code;
    }
  }
  throw Error(ExitCode::usage, "no command was given",
              cat("Commands: ", join(command_names(program.app), ", "), ". See pgsluice --help."));
}

}  // namespace pgsluice::cli
