// SPDX-License-Identifier: Apache-2.0
// Writes as it goes: a document of half a million statements must not be built in memory first.
#include <algorithm>

#include "base/json.hpp"
#include "base/version.hpp"
#include "report/lint.hpp"

namespace pgsluice {
namespace {

constexpr int k_schema = 1;

OrderedJson names_json(const std::vector<RelationName>& relations) {
  OrderedJson names = OrderedJson::array();
  for (const RelationName& relation : relations) names.push_back(relation.quoted());
  return names;
}

OrderedJson locks_json(const std::vector<RelationLock>& locks) {
  OrderedJson array = OrderedJson::array();
  for (const RelationLock& lock : locks) {
    OrderedJson json;
    json["relation"] = lock.relation.quoted();
    json["relkind"] = std::string(1, lock.relkind);
    json["mode"] = lock_name(lock.mode);
    json["role"] = lock.role;
    json["new"] = lock.is_new;
    array.push_back(std::move(json));
  }
  return array;
}

OrderedJson rows_json(const Effect& effect) {
  OrderedJson ids = OrderedJson::array();
  for (const CommandEffect& command : effect.commands) {
    if (command.row != nullptr && std::find(ids.begin(), ids.end(), command.row->id) == ids.end()) {
      ids.push_back(command.row->id);
    }
  }
  return ids;
}

OrderedJson statement_json(const FileAnalysis& file, const Effect& effect, const LineIndex& lines) {
  const Statement& statement = file.script.statements[effect.statement];
  const Position position = lines.position(statement.range.begin);
  OrderedJson json;
  json["index"] = effect.statement;
  json["line"] = position.line;
  json["column"] = position.column;
  json["sql"] = file.script.text(statement.range);
  json["tag"] = statement.tag;
  json["transaction"] = effect.transaction ? OrderedJson(*effect.transaction) : OrderedJson(nullptr);
  json["locks"] = locks_json(effect.locks);
  json["rewrites"] = names_json(effect.rewrites);
  json["scans"] = names_json(effect.scans);
  json["index_builds"] = names_json(effect.index_builds);
  json["needs_no_transaction"] = effect.needs_no_transaction;
  json["breaks"] = to_string(effect.breaks);
  json["phase"] = effect.phase ? to_string(*effect.phase) : "neutral";
  json["rows"] = rows_json(effect);
  json["assumed"] = effect.assumed;
  if (effect.outcome != Outcome::runs)
    json["outcome"] = effect.outcome == Outcome::skipped ? "skipped" : "error";
  return json;
}

OrderedJson finding_json(const Finding& finding, const LineIndex& lines) {
  const Position begin = lines.position(finding.range.begin);
  const Position end = lines.position(finding.range.end);
  OrderedJson json;
  json["finding"] = finding.finding;
  json["severity"] = to_string(finding.severity);
  json["line"] = begin.line;
  json["column"] = begin.column;
  json["end_line"] = end.line;
  json["end_column"] = end.column;
  json["statement"] = finding.statement ? OrderedJson(*finding.statement) : OrderedJson(nullptr);
  json["relation"] = finding.relation.empty() ? OrderedJson(nullptr) : OrderedJson(finding.relation.quoted());
  json["message"] = finding.message;
  json["why"] = finding.why;
  json["instead"] = finding.instead;
  json["fingerprint"] = finding.fingerprint;
  json["allowed"] = finding.allowed ? OrderedJson(*finding.allowed) : OrderedJson(nullptr);
  return json;
}

/// One item a line, so that a diff of two documents can be read.
template <typename Items, typename ToJson>
void write_array(std::ostream& out, std::string_view indent, const Items& items, ToJson to_json) {
  out << '[';
  const char* separator = "\n";
  for (const auto& item : items) {
    out << separator << indent << dump(to_json(item));
    separator = ",\n";
  }
  out << ']';
}

void write_file(const FileAnalysis& file, std::ostream& out) {
  const LineIndex lines(file.script.source.text);
  out << "  {\"path\": " << dump(file.migration.path.generic_string())
      << ", \"tool\": " << dump(file.migration.tool)
      << ", \"phase\": " << dump(to_string(file.migration.phase)) << ",\n   \"statements\": ";
  write_array(out, "    ", file.effects,
              [&](const Effect& effect) { return statement_json(file, effect, lines); });
  out << ",\n   \"findings\": ";
  write_array(out, "    ", file.findings,
              [&](const Finding& finding) { return finding_json(finding, lines); });
  out << '}';
}

OrderedJson summary_json(const LintResult& result) {
  const FindingCounts counts = count_findings(result);
  std::size_t statements = 0;
  std::size_t unmodeled = 0;
  std::size_t unparsed = 0;
  for (const FileAnalysis& file : result.files) {
    statements += file.effects.size();
    unparsed += file.script.errors.size();
    unmodeled += static_cast<std::size_t>(std::count_if(
        file.effects.begin(), file.effects.end(), [](const Effect& effect) { return effect.unmodeled; }));
  }
  OrderedJson json;
  json["files"] = result.files.size();
  json["statements"] = statements;
  json["findings"]["error"] = counts.errors;
  json["findings"]["warning"] = counts.warnings;
  json["findings"]["info"] = counts.infos;
  json["unmodeled"] = unmodeled;
  json["unparsed"] = unparsed;
  return json;
}

}  // namespace

FindingCounts count_findings(const LintResult& result) {
  FindingCounts counts;
  for (const FileAnalysis& file : result.files) {
    for (const Finding& finding : file.findings) {
      std::size_t& count = finding.allowed                         ? counts.allowed
                           : finding.severity == Severity::error   ? counts.errors
                           : finding.severity == Severity::warning ? counts.warnings
                                                                   : counts.infos;
      ++count;
    }
  }
  return counts;
}

void write_lint_json(const LintResult& result, std::ostream& out) {
  OrderedJson tool;
  tool["name"] = "pgsluice";
  tool["version"] = k_version;
  tool["grammar"] = grammar_version();
  out << "{\"schema\": " << k_schema << ", \"tool\": " << dump(tool)
      << ", \"pg_version\": " << result.pg_version << ",\n \"files\": [";
  const char* separator = "\n";
  for (const FileAnalysis& file : result.files) {
    out << separator;
    write_file(file, out);
    separator = ",\n";
  }
  out << "],\n \"summary\": " << dump(summary_json(result)) << "}\n";
}

}  // namespace pgsluice
