// SPDX-License-Identifier: Apache-2.0
// Loads rules/findings/*/rule.json. Strict: an opinion that is not understood would be one that nobody enforces.
#include <algorithm>
#include <map>

#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "findings/subject.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_folder = "findings/";
constexpr std::string_view k_file = "/rule.json";

Severity read_severity(const Json& json, const JsonPlace& place) {
  const std::string word = get_string(json, "severity", place);
  for (const Severity severity : {Severity::info, Severity::warning, Severity::error}) {
    if (word == to_string(severity)) return severity;
  }
  json_error(place / "severity", cat("\"", printable_line(word), "\" is none of error, warning and info"));
}

Scope read_scope(const Json& json, const JsonPlace& place) {
  const std::string word = get_string(json, "scope", place);
  for (const Scope scope : k_scopes) {
    if (word == to_string(scope)) return scope;
  }
  json_error(place / "scope", cat("unknown scope \"", printable_line(word), "\""),
             "A scope is relation, statement, transaction, syntax or directive.");
}

std::string known_facts_of(Scope scope) {
  std::vector<std::string> names;
  for (const findings::FactRow& row : findings::facts()) {
    if (row.scope == scope) names.emplace_back(row.name);
  }
  return cat("Facts of the scope ", to_string(scope), ": ", join(names, ", "), ".");
}

std::variant<bool, std::string> read_value(const Json& json, const JsonPlace& place) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  json_error(place, "a value is true, false or a string");
}

FindingRule::Condition read_condition(std::string_view fact, const Json& json, const JsonPlace& place,
                                      Scope scope) {
  FindingRule::Condition condition{.fact = findings::find_fact(scope, fact), .any_of = {}};
  if (condition.fact == nullptr) {
    json_error(place, cat("unknown fact \"", printable_line(fact), "\""), known_facts_of(scope));
  }
  if (!json.is_array()) {
    condition.any_of.push_back(read_value(json, place));
    return condition;
  }
  if (json.empty()) json_error(place, "an empty list matches nothing");
  for (std::size_t i = 0; i < json.size(); ++i) condition.any_of.push_back(read_value(json[i], place / i));
  return condition;
}

std::vector<FindingRule::Condition> read_conditions(const Json& json, std::string_view key,
                                                    const JsonPlace& place, Scope scope) {
  std::vector<FindingRule::Condition> conditions;
  const auto member = json.find(key);
  if (member == json.end()) return conditions;
  if (!member->is_object()) json_error(place / key, "must be an object of facts and values");
  for (const auto& [fact, value] : member->items()) {
    conditions.push_back(read_condition(fact, value, place / key / fact, scope));
  }
  return conditions;
}

/// A message that says {reltion} to a user is worse than a program that does not start.
void check_placeholders(std::string_view text, const JsonPlace& place) {
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const std::size_t close = text.find('}', open);
    const std::string_view name =
        text.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
    if (close == std::string_view::npos || !findings::is_placeholder(name)) {
      json_error(place, cat("unknown placeholder {", printable_line(name.substr(0, 40)), "}"));
    }
    text.remove_prefix(close + 1);
  }
}

FindingRule read_rule(std::string_view text, const std::string& name, const std::string& file) {
  const JsonPlace place{.file = file, .pointer = {}};
  const Json json = parse_json(text, file);
  expect_object(json, place,
                {"title", "severity", "scope", "when", "error_when", "info_when", "message", "why", "instead",
                 "row_instead", "see"});
  FindingRule rule;
  rule.name = name;
  rule.severity = read_severity(json, place);
  rule.scope = read_scope(json, place);
  rule.when = read_conditions(json, "when", place, rule.scope);
  rule.error_when = read_conditions(json, "error_when", place, rule.scope);
  rule.info_when = read_conditions(json, "info_when", place, rule.scope);
  rule.message = get_string(json, "message", place);
  rule.title = find_string(json, "title", place);
  if (rule.title.empty()) rule.title = rule.message;
  rule.why = get_string(json, "why", place);
  rule.instead = find_string(json, "instead", place);
  rule.row_instead = find_bool(json, "row_instead", place);
  rule.see = find_strings(json, "see", place);
  if (rule.when.empty()) json_error(place / "when", "a rule without conditions would fire on everything");
  check_placeholders(rule.message, place / "message");
  check_placeholders(rule.instead, place / "instead");
  return rule;
}

using RulesByName = std::map<std::string, FindingRule>;

void load_embedded(RulesByName& rules) {
  for (const EmbeddedFile& file : embedded_rules()) {
    if (!file.path.starts_with(k_folder) || !file.path.ends_with(k_file)) continue;
    const std::string name(
        file.path.substr(k_folder.size(), file.path.size() - k_folder.size() - k_file.size()));
    rules[name] = read_rule(file.contents, name, cat("rules/", file.path));
  }
}

void load_folder(const fs::path& directory, RulesByName& rules) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory()) folders.push_back(entry->path());
  }
  if (error) {
    throw Error(ExitCode::usage,
                cat("cannot read ", printable_line(directory.string()), ": ", to_lower(error.message())));
  }
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    const fs::path file = folder / "rule.json";
    rules[name] = read_rule(read_file(file), name, printable_line(file.string()));
  }
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::relation: return "relation";
    case Scope::statement: return "statement";
    case Scope::transaction: return "transaction";
    case Scope::syntax: return "syntax";
    case Scope::directive: return "directive";
    case Scope::file: return "file";
  }
  return "statement";
}

RuleBook RuleBook::load(const fs::path& directory) {
  RulesByName rules;
  load_embedded(rules);
  if (!directory.empty()) {
    const bool has_findings = fs::is_directory(directory / "findings");
    if (!has_findings && !fs::is_directory(directory / "effects")) {
      throw Error(ExitCode::usage, cat("no rules in ", printable_line(directory.string())),
                  "A folder of rules has a folder findings/ or effects/, like pgsluice's own.");
    }
    if (has_findings) load_folder(directory / "findings", rules);
  }
  RuleBook book;
  for (auto& [name, rule] : rules) {
    book.by_scope_.at(static_cast<std::size_t>(rule.scope)).push_back(book.rules_.size());
    book.rules_.push_back(std::move(rule));
  }
  return book;
}

const FindingRule* RuleBook::find(std::string_view name) const {
  const auto found =
      std::find_if(rules_.begin(), rules_.end(), [&](const FindingRule& rule) { return rule.name == name; });
  return found == rules_.end() ? nullptr : &*found;
}

}  // namespace pgsluice
