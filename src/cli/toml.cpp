// SPDX-License-Identifier: Apache-2.0
#include "cli/toml.hpp"

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

/// CLI11's own reader guesses where TOML is strict: it cuts a quoted value at `#`, and skips what it does not understand.
class TomlReader {
 public:
  TomlReader(std::string_view text, std::string file, std::string_view section)
      : text_(text), file_(std::move(file)), section_(section) {}

  TomlFile read() {
    TomlFile file;
    std::string section;
    for (skip_blank(); !at_end(); skip_blank()) {
      if (take('[')) {
        section = read_key();
        file.sections.push_back({.line = line_, .name = section});
        skip_spaces();
        expect(']', "a section ends with ]");
      } else {
        file.entries.push_back(read_entry(section));
      }
      end_of_line();
    }
    return file;
  }

 private:
  [[noreturn]] void fail(std::string_view message) const {
    throw Error(ExitCode::usage, cat(file_, ":", std::to_string(line_), ": ", message),
                cat("A line is a section such as ", section_, ", or key = \"value\"."));
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

  TomlEntry read_entry(const std::string& section) {
    TomlEntry entry{.line = line_, .section = section, .key = read_key(), .values = {}};
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
  std::string_view section_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

TomlFile read_toml(std::string_view text, std::string file, std::string_view section) {
  return TomlReader(text, std::move(file), section).read();
}

}  // namespace pgsluice::cli
