// SPDX-License-Identifier: Apache-2.0
#include "cli/config.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::string_view k_file_name = "pgsluice.toml";

struct Entry {
  int line = 0;
  std::string section;
  std::string key;
  std::vector<std::string> values;
};

/// The part of TOML that options need: sections, strings, numbers, booleans and arrays of them. CLI11's own reader
/// guesses where TOML is strict: it cuts a quoted value at `#`, and skips what it does not understand.
class TomlReader {
 public:
  TomlReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  std::vector<Entry> read() {
    std::vector<Entry> entries;
    std::string section;
    for (skip_blank(); !at_end(); skip_blank()) {
      if (take('[')) {
        section = read_key();
        skip_spaces();
        expect(']', "a section ends with ]");
      } else {
        entries.push_back(read_entry(section));
      }
      end_of_line();
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(std::string_view message) const {
    throw Error(ExitCode::usage, cat(file_, ":", std::to_string(line_), ": ", message),
                "A line is a section such as [lint], or key = \"value\".");
  }
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[position_]; }
  char next() {
    const char c = peek();
    line_ += c == '\n' ? 1 : 0;
    position_ += at_end() ? 0 : 1;
    return c;
  }
  bool take(char c) {
    const bool found = !at_end() && peek() == c;
    position_ += found ? 1 : 0;
    return found;
  }
  void expect(char c, std::string_view message) {
    if (!take(c)) fail(message);
  }
  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') next();
  }
  void skip_comment() {
    if (peek() == '#') {
      while (!at_end() && peek() != '\n') next();
    }
  }
  void skip_blank() {
    for (;;) {
      skip_spaces();
      skip_comment();
      if (peek() != '\n' && peek() != '\r') return;
      next();
    }
  }
  void end_of_line() {
    skip_spaces();
    skip_comment();
    take('\r');
    if (!at_end() && next() != '\n') fail("nothing but a comment may follow here");
  }

  std::string read_word() {
    const auto is_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-';
    };
    std::string word;
    while (is_word(peek())) word += next();
    return word;
  }

  std::string read_key() {
    skip_spaces();
    std::string key = peek() == '"' || peek() == '\'' ? read_string() : read_word();
    if (key.empty()) fail("a name is expected here");
    return key;
  }

  std::string read_string() {
    const char quote = next();
    std::string value;
    while (peek() != quote) {
      if (at_end() || peek() == '\n') fail("the string does not end on its line");
      const char c = next();
      value += c == '\\' && quote == '"' ? read_escape() : c;
    }
    next();
    return value;
  }

  char read_escape() {
    switch (next()) {
      case '"': return '"';
      case '\\': return '\\';
      case 'n': return '\n';
      case 't': return '\t';
      default: fail("an escape in a string is one of \\\" \\\\ \\n \\t");
    }
  }

  std::string read_value() {
    if (peek() == '"' || peek() == '\'') return read_string();
    std::string word = read_word();
    const bool boolean = word == "true" || word == "false";
    const bool number = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
    if (!boolean && !number) fail("a value is a \"string\", a number, true, false or an [array] of them");
    return word;
  }

  std::vector<std::string> read_array() {
    std::vector<std::string> values;
    for (skip_blank(); !take(']'); skip_blank()) {
      if (at_end()) fail("the array does not end");
      values.push_back(read_value());
      skip_blank();
      if (!take(',') && peek() != ']') fail("the values of an array are separated by commas");
    }
    return values;
  }

  Entry read_entry(const std::string& section) {
    Entry entry{.line = line_, .section = section, .key = read_key(), .values = {}};
    skip_spaces();
    expect('=', cat("the key \"", printable_line(entry.key), "\" needs = and a value"));
    skip_spaces();
    if (take('[')) {
      entry.values = read_array();
    } else {
      entry.values = {read_value()};
    }
    return entry;
  }

  std::string_view text_;
  std::string file_;
  std::size_t position_ = 0;
  int line_ = 1;
};

const CLI::Option* find_option(const CLI::App& app, const std::string& key) {
  const CLI::Option* option = app.get_option_no_throw("--" + key);
  return option != nullptr ? option : app.get_option_no_throw(key);  // positionals have no dashes
}

/// Paths in a file are meant from where the file is, not from where somebody happens to stand.
void anchor_paths(CLI::ConfigItem& item, const CLI::Option& option, const std::filesystem::path& directory) {
  constexpr std::array<std::string_view, 3> path_types = {"FILE", "DIR", "PATH"};
  const std::string type = option.get_type_name();
  if (std::find(path_types.begin(), path_types.end(), type) == path_types.end()) return;
  for (std::string& value : item.inputs) {
    if (value != "-") value = (directory / value).lexically_normal().string();
  }
}

class ConfigFile : public CLI::ConfigBase {
 public:
  explicit ConfigFile(CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string text(std::istreambuf_iterator<char>(input), {});
    const std::string file = config_file(app_);
    std::vector<CLI::ConfigItem> items;
    // CLI11 lets the first value of an option win: so those of sections, which are more special, come first.
    const std::vector<Entry> entries = TomlReader(text, printable_line(file)).read();
    for (const bool of_sections : {true, false}) {
      for (const Entry& entry : entries) {
        if (entry.section.empty() != of_sections) add(entry, file, items);
      }
    }
    return items;
  }

 private:
  void add(const Entry& entry, const std::string& file, std::vector<CLI::ConfigItem>& items) const {
    const std::size_t before = items.size();
    if (entry.section.empty()) add_item(app_, {}, entry, file, items);
    for (const CLI::App* command : app_.get_subcommands({})) {
      if (entry.section.empty() || entry.section == command->get_name()) {
        add_item(*command, {command->get_name()}, entry, file, items);
      }
    }
    if (items.size() == before) unknown(entry, file);
  }

  static void add_item(const CLI::App& app, std::vector<std::string> parents, const Entry& entry,
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

  [[noreturn]] void unknown(const Entry& entry, const std::string& file) const {
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
