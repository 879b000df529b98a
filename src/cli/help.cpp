// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "base/text.hpp"

namespace pgsluice::cli {
namespace {

constexpr int k_width = 80;

/// Two columns: what to type, and what it means.
std::string row(const std::string& left, const std::string& right, int left_width) {
  std::string out = "  " + left;
  const std::string indent(static_cast<std::size_t>(left_width), ' ');
  const int used = display_width(out);
  out +=
      used + 2 > left_width ? "\n" + indent : std::string(static_cast<std::size_t>(left_width - used), ' ');
  bool first = true;
  for (const std::string& line : wrap(right, k_width - left_width)) {
    out += cat(first ? "" : indent, line, "\n");
    first = false;
  }
  return out;
}

bool takes_many(const CLI::Option& option) {
  return option.get_expected_max() > 1;
}

/// The type that was given to it; else its own name.
std::string argument_name(const CLI::Option& option) {
  const bool typed = option.get_type_name() != "TEXT";
  return cat(typed ? option.get_type_name() : option.get_single_name(), takes_many(option) ? "..." : "");
}

std::string option_names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  const bool has_short = !option.get_snames().empty();
  const bool takes_value = option.get_expected_max() > 0 && option.get_type_size() != 0;
  return cat(has_short ? "" : "    ", join(names, ", "), takes_value ? " " + option.get_type_name() : "");
}

std::string meaning(const CLI::Option& option) {
  const std::string preset = option.get_default_str();
  return cat(option.get_description(),
             preset.empty() || preset == "false" ? "" : cat(" (default: ", preset, ")"));
}

std::string usage(const CLI::App& app, const std::string& name) {
  std::string out = cat("Usage: ", name, " [OPTIONS]");
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    out += option->get_required() ? " " + argument_name(*option) : cat(" [", argument_name(*option), "]");
  }
  return out + (app.get_subcommands({}).empty() ? "\n" : " COMMAND …\n");
}

std::string arguments(const CLI::App& app, bool positional) {
  constexpr int left_width = 34;
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() != positional || option->get_group().empty()) continue;
    out += row(positional ? argument_name(*option) : option_names(*option), meaning(*option), left_width);
  }
  return out;
}

std::string command_list(const CLI::App& app) {
  constexpr int left_width = 12;
  std::string out;
  for (const CLI::App* command : app.get_subcommands({})) {
    out += row(command->get_name(), command->get_description(), left_width);
  }
  return out;
}

std::string section(std::string_view title, const std::string& text) {
  return text.empty() ? std::string() : cat("\n", title, ":\n", text);
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode /*mode*/) const {
  const bool is_command = app->get_parent() != nullptr;
  const std::string full_name = is_command && name == app->get_name() ? cat("pgsluice ", name) : name;
  std::string out = cat(full_name, ": ", app->get_description(), "\n\n", usage(*app, full_name));
  out += section("Commands", command_list(*app));
  out += section("Arguments", arguments(*app, true));
  out += section("Options", arguments(*app, false));
  if (is_command) out += "\nOptions of every command (--config, --color, -v, -q …): pgsluice --help\n";
  return cat(out, "\n", app->get_footer(), "\n");
}

}  // namespace pgsluice::cli
