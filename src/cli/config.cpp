// SPDX-License-Identifier: Apache-2.0
#include "cli/config.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/text.hpp"
#include "cli/toml.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::string_view k_file_name = "pgsluice.toml";

const CLI::Option* find_option(const CLI::App& app, const std::string& key) {
  const CLI::Option* option = app.get_option_no_throw("--" + key);
  return option != nullptr ? option : app.get_option_no_throw(key);  // positionals have no dashes
}

/// Paths in a file are meant from where the file is, not from where somebody happens to stand.
void anchor_paths(CLI::ConfigItem& item, const CLI::Option& option, const std::filesystem::path& directory) {
  constexpr std::array<std::string_view, 3> path_types = {"FILE", "DIR", "PATH"};
  const std::string type = option.get_type_name();
  const bool after_word = type.ends_with("[=FILE]");
  if (!after_word && std::find(path_types.begin(), path_types.end(), type) == path_types.end()) return;
  for (std::string& value : item.inputs) {
    const std::size_t begin = after_word ? value.find('=') + 1 : 0;
    const std::string path = value.substr(begin);
    if ((after_word && begin == 0) || path == "-") continue;
    value = value.substr(0, begin) + (directory / path).lexically_normal().string();
  }
}

/// The keys of [placeholders] are the users' own names: one option takes them all.
std::vector<TomlEntry> with_placeholders(std::vector<TomlEntry> entries) {
  TomlEntry all{.line = 0, .section = "", .key = "placeholders", .values = {}};
  std::erase_if(entries, [&all](const TomlEntry& entry) {
    if (entry.section != "placeholders") return false;
    all.line = entry.line;
    for (const std::string& value : entry.values) all.values.push_back(cat(entry.key, "=", value));
    return true;
  });
  if (!all.values.empty()) entries.push_back(std::move(all));
  return entries;
}

class ConfigFile : public CLI::ConfigBase {
 public:
  explicit ConfigFile(CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string text(std::istreambuf_iterator<char>(input), {});
    const std::string file = config_file(app_);
    std::vector<CLI::ConfigItem> items;
    // CLI11 lets the first value of an option win: so those of sections, which are more special, come first.
    const std::vector<TomlEntry> entries =
        with_placeholders(read_toml(text, printable_line(file), "[lint]").entries);
    for (const bool of_sections : {true, false}) {
      for (const TomlEntry& entry : entries) {
        if (entry.section.empty() != of_sections) add(entry, file, items);
      }
    }
    return items;
  }

 private:
  void add(const TomlEntry& entry, const std::string& file, std::vector<CLI::ConfigItem>& items) const {
    const std::size_t before = items.size();
    if (entry.section.empty()) add_item(app_, {}, entry, file, items);
    for (const CLI::App* command : app_.get_subcommands({})) {
      if (entry.section.empty() || entry.section == command->get_name()) {
        add_item(*command, {command->get_name()}, entry, file, items);
      }
    }
    if (items.size() == before) unknown(entry, file);
  }

  static void add_item(const CLI::App& app, std::vector<std::string> parents, const TomlEntry& entry,
                       const std::string& file, std::vector<CLI::ConfigItem>& items) {
    const CLI::Option* option = find_option(app, entry.key);
    if (option == nullptr || !option->get_configurable()) return;
    CLI::ConfigItem item;
    item.parents = std::move(parents);
    item.name = entry.key;
    item.inputs = entry.values;
    anchor_paths(item, *option, std::filesystem::path(file).parent_path());
    items.push_back(std::move(item));
  }

  [[noreturn]] void unknown(const TomlEntry& entry, const std::string& file) const {
    std::vector<std::string> known;
    bool section_exists = entry.section.empty();
    const auto collect = [&known](const CLI::App& app) {
      for (const CLI::Option* option : app.get_options()) {
        if (option->get_configurable()) known.push_back(option->get_single_name());
      }
    };
    if (entry.section.empty()) collect(app_);
    for (const CLI::App* command : app_.get_subcommands({})) {
      const bool meant = entry.section == command->get_name();
      section_exists = section_exists || meant;
      if (entry.section.empty() || meant) collect(*command);
    }
    const std::string name = entry.section.empty() ? entry.key : cat(entry.section, ".", entry.key);
    const std::string place = cat(printable_line(file), ":", std::to_string(entry.line));
    if (!section_exists) {
      throw Error(
          ExitCode::usage,
          cat(place, ": unknown section [", printable_line(entry.section), "] with the key \"",
              printable_line(entry.key), "\""),
          "A section has the name of a command; keys for all commands stand at the top, before any section.");
    }
    const auto meant = closest(entry.key, known);
    throw Error(ExitCode::usage, cat(place, ": unknown key \"", printable_line(name), "\""),
                meant ? cat("Did you mean \"", *meant, "\"?")
                      : "Keys are the command line's options without the dashes.");
  }

  CLI::App& app_;
};

}  // namespace

std::filesystem::path find_config(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (std::filesystem::path folder = directory;; folder = folder.parent_path()) {
    if (std::filesystem::is_regular_file(folder / k_file_name, ignored)) return folder / k_file_name;
    if (folder == folder.parent_path()) return {};
  }
}

std::string config_file(const CLI::App& app) {
  // Not Option::as(): in CLI11 2.4 it reads past the end of an option that was processed without a value.
  const CLI::Option* option = app.get_config_ptr();
  return option->results().empty() ? option->get_default_str() : option->results().back();
}

void add_config(CLI::App& app) {
  std::error_code ignored;
  const std::filesystem::path here = std::filesystem::current_path(ignored);
  app.set_config("--config", find_config(here).string(),
                 "read options from this file; default: the nearest pgsluice.toml upwards")
      ->type_name("FILE")
      ->configurable(false);
  app.config_formatter(std::make_shared<ConfigFile>(app));
}

}  // namespace pgsluice::cli
