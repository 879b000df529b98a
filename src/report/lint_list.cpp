// SPDX-License-Identifier: Apache-2.0
#include "report/lint_list.hpp"

#include "base/json_writer.hpp"
#include "report/style.hpp"

namespace pgsluice {

Document finding_list(const RuleBook& rules) {
  Table table{.header = {"finding", "severity", "what it minds"}, .rows = {}};
  for (const FindingRule& rule : rules.rules()) {
    Words severity = styled(style_of(rule.severity), to_string(rule.severity));
    if (!rule.error_when.empty()) severity += " or error";
    table.rows.push_back({code(rule.name), severity, Words(rule.title)});
  }
  return {table};
}

std::string finding_list_json(const RuleBook& rules) {
  std::string text = "{\"schema\": 1, \"findings\": [\n  ";
  bool first = true;
  for (const FindingRule& rule : rules.rules()) {
    if (!first) text += ",\n  ";
    first = false;
    JsonWriter json(text);
    json.begin_object();
    json.member("finding", rule.name);
    json.member("severity", to_string(rule.severity));
    json.member("may_be_error", rule.severity == Severity::error || !rule.error_when.empty());
    json.member("title", rule.title);
    json.end_object();
  }
  return text + "]}\n";
}

}  // namespace pgsluice
