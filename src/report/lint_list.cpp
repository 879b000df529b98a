// SPDX-License-Identifier: Apache-2.0
#include "report/lint_list.hpp"

#include <algorithm>

#include "base/json_writer.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

std::string_view name_of(std::optional<Severity> severity) {
  return severity ? to_string(*severity) : "off";
}

Words styled_name(std::optional<Severity> severity) {
  return styled(severity ? style_of(*severity) : Style::faint, name_of(severity));
}

Words severities_of(const ListedFinding& finding) {
  Words words = styled_name(finding.severity);
  if (finding.may_be_error && finding.severity != Severity::error) words += " or error";
  for (const ListedFinding::Files& files : finding.elsewhere)
    words += Words("; ") + styled_name(files.severity) + " in " + code(files.pattern);
  return words;
}

bool is_error_somewhere(const ListedFinding& finding) {
  return finding.may_be_error ||
         std::ranges::find(finding.elsewhere, Severity::error, &ListedFinding::Files::severity) !=
             finding.elsewhere.end();
}

void write_elsewhere(const ListedFinding& finding, JsonWriter& json) {
  if (finding.elsewhere.empty()) return;
  json.key("elsewhere");
  json.begin_array();
  for (const ListedFinding::Files& files : finding.elsewhere) {
    json.begin_object();
    json.member("files", files.pattern);
    json.member("severity", name_of(files.severity));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Document finding_list(const std::vector<ListedFinding>& findings) {
  Table table{.header = {"finding", "severity", "what it minds"}, .rows = {}};
  for (const ListedFinding& finding : findings)
    table.rows.push_back({code(finding.rule.name), severities_of(finding), Words(finding.rule.title)});
  return {table};
}

std::string finding_list_json(const std::vector<ListedFinding>& findings) {
  std::string text = "{\"schema\": 1, \"findings\": [\n  ";
  bool first = true;
  for (const ListedFinding& finding : findings) {
    if (!first) text += ",\n  ";
    first = false;
    JsonWriter json(text);
    json.begin_object();
    json.member("finding", finding.rule.name);
    json.member("severity", name_of(finding.severity));
    json.member("may_be_error", is_error_somewhere(finding));
    json.member("title", finding.rule.title);
    write_elsewhere(finding, json);
    json.end_object();
  }
  return text + "]}\n";
}

}  // namespace pgsluice
