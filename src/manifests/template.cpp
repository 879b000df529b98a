// SPDX-License-Identifier: Apache-2.0
#include "manifests/template.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "manifests/yaml.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_directive = "#: ";

[[noreturn]] void unknown(std::string_view what, std::string_view name) {
  throw Error(ExitCode::bug, cat("a template names an unknown ", what, ": ", name));
}

/// With their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// Whether the value at [begin, end) of a line of YAML is all of a scalar, and not a part of a name or of a sentence.
bool is_scalar(std::string_view line, std::size_t begin, std::size_t end) {
  constexpr std::string_view behind = ",]}\n";
  const std::string_view before = trim(line.substr(0, begin));
  const bool begins =
      before.ends_with(':') || before.ends_with('[') || before.ends_with(',') || before == "-";
  return begins && !before.starts_with('#') &&
         (end >= line.size() || behind.find(line[end]) != std::string_view::npos);
}

/// One text, filled in; included texts share what is set.
class Filling {
 public:
  explicit Filling(TemplateContext& context) : context_(context) {}

  void add(std::string_view text, const std::string& indent) {
    const std::size_t depth = taken_.size();
    for (const std::string_view line : lines_of(text)) add_line(line, indent);
    if (taken_.size() != depth) unknown("end of", "if");
  }

  std::string take() { return std::move(filled_); }

 private:
  void add_line(std::string_view line, const std::string& indent) {
    const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
    if (line.substr(first).starts_with(k_directive)) {
      obey(trim(line.substr(first + k_directive.size())), indent + std::string(line.substr(0, first)));
    } else if (std::all_of(taken_.begin(), taken_.end(), [](bool taken) { return taken; })) {
      if (line != "\n") filled_ += indent;
      add_values(line);
    }
  }

  void obey(std::string_view directive, const std::string& indent) {
    const std::vector<std::string_view> words = split(directive, ' ');
    const bool taken = std::all_of(taken_.begin(), taken_.end(), [](bool one) { return one; });
    if (words[0] == "if" && words.size() == 2) {
      taken_.push_back(context_.words.count(words[1]) > 0);
    } else if (words[0] == "if" && words.size() == 3 && words[1] == "not") {
      taken_.push_back(context_.words.count(words[2]) == 0);
    } else if (words[0] == "end" && !taken_.empty()) {
      taken_.pop_back();
    } else if (words[0] == "include" && words.size() == 2) {
      if (taken) include(words[1], indent);
    } else if (words[0] == "set" && words.size() == 3) {
      context_.values[std::string(words[1])] = words[2];
    } else {
      unknown("directive", directive);
    }
  }

  void include(std::string_view name, const std::string& indent) {
    if (const auto data = context_.data.find(name); data != context_.data.end()) {
      for (const std::string_view line : lines_of(data->second)) append(line, indent);
      return;
    }
    const auto found = context_.texts.find(name);
    if (found == context_.texts.end()) unknown("text", name);
    add(found->second, indent);
  }

  void append(std::string_view line, const std::string& indent) {
    if (line != "\n") filled_ += indent;
    filled_.append(line);
  }

  void add_values(std::string_view line) {
    for (;;) {
      const std::size_t begin = line.find("${");
      const std::size_t end = line.find('}', begin);
      if (begin == std::string_view::npos || end == std::string_view::npos) break;
      const std::string_view name = line.substr(begin + 2, end - begin - 2);
      const auto found = context_.values.find(name);
      if (found == context_.values.end()) unknown("value", name);
      filled_.append(line.substr(0, begin));
      const bool is_name = context_.names.contains(name) && is_scalar(line, begin, end + 1);
      filled_ += is_name ? yaml_scalar(found->second) : found->second;
      line.remove_prefix(end + 1);
    }
    filled_.append(line);
  }

  TemplateContext& context_;
  std::string filled_;
  std::vector<bool> taken_;  // of each `if` that is open
};

}  // namespace

std::string fill_in(std::string_view text, TemplateContext context) {
  Filling filling(context);
  filling.add(text, "");
  return filling.take();
}

}  // namespace pgsluice
