// SPDX-License-Identifier: Apache-2.0
// Writes as it goes: a document of half a million statements must not be built in memory first.
#include <algorithm>
#include <span>

#include "base/json_writer.hpp"
#include "base/version.hpp"
#include "report/lint.hpp"

namespace pgsluice {
namespace {

constexpr int k_schema = 1;
constexpr std::size_t k_chunk =
    std::size_t{64} * 1024;  // large enough for few writes, small enough for the cache

void write_name(const RelationName& relation, JsonWriter& json) {
  thread_local std::string quoted;  // asked for again and again: the room is kept
  quoted.clear();
  relation.append_quoted(quoted);
  json.value(std::string_view(quoted));
}

void write_names(std::span<const RelationName> relations, JsonWriter& json) {
  json.begin_array();
  for (const RelationName& relation : relations) write_name(relation, json);
  json.end_array();
}

void write_locks(std::span<const RelationLock> locks, JsonWriter& json) {
  json.begin_array();
  for (const RelationLock& lock : locks) {
    json.begin_object();
    json.key("relation");
    write_name(lock.relation, json);
    json.member("relkind", std::string_view(&lock.relkind, 1));
    json.member("mode", lock_name(lock.mode));
    json.member("role", lock.role);
    json.member("new", lock.is_new);
    json.end_object();
  }
  json.end_array();
}

void write_rows(std::span<const CommandEffect> commands, JsonWriter& json) {
  json.begin_array();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto is_same = [row = commands[i].row](const CommandEffect& other) { return other.row == row; };
    const bool told = std::ranges::any_of(commands.first(i), is_same);
    if (commands[i].row != nullptr && !told) json.value(commands[i].row->id);
  }
  json.end_array();
}

template <typename Flush>
void write_statement(const FileAnalysis& file, const Effect& effect, const LineIndex& lines, JsonWriter json,
                     Flush flush) {
  const Statement& statement = file.script.statements[effect.statement];
  const Position position = lines.position(statement.range.begin);
  json.begin_object();
  json.member("index", effect.statement);
  json.member("line", position.line);
  json.member("column", position.column);
  json.key("sql");
  json.long_value(file.script.text(statement.range), flush);
  json.member("tag", statement.tag);
  json.member("transaction", effect.transaction);
  json.key("locks");
  write_locks(effect.locks, json);
  json.key("rewrites");
  write_names(effect.rewrites, json);
  json.key("scans");
  write_names(effect.scans, json);
  json.key("index_builds");
  write_names(effect.index_builds, json);
  json.member("needs_no_transaction", effect.needs_no_transaction);
  json.member("breaks", to_string(effect.breaks));
  json.member("phase", effect.phase ? to_string(*effect.phase) : "neutral");
  json.key("rows");
  write_rows(effect.commands, json);
  json.key("assumed");
  json.begin_array();
  for (const std::string& assumed : effect.assumed) json.value(assumed);
  json.end_array();
  if (effect.outcome != Outcome::runs)
    json.member("outcome", effect.outcome == Outcome::skipped ? "skipped" : "error");
  json.end_object();
}

void write_finding(const Finding& finding, const LineIndex& lines, JsonWriter json) {
  const Position begin = lines.position(finding.range.begin);
  const Position end = lines.position(finding.range.end);
  json.begin_object();
  json.member("finding", finding.finding);
  json.member("severity", to_string(finding.severity));
  json.member("line", begin.line);
  json.member("column", begin.column);
  json.member("end_line", end.line);
  json.member("end_column", end.column);
  json.member("statement", finding.statement);
  json.key("relation");
  if (finding.relation.empty()) {
    json.value(nullptr);
  } else {
    write_name(finding.relation, json);
  }
  json.member("message", finding.message);
  json.member("why", finding.why);
  json.member("instead", finding.instead);
  json.member("fingerprint", finding.fingerprint);
  json.member("allowed", finding.allowed);
  json.end_object();
}

class JsonReport : public LintReport {
 public:
  JsonReport(int pg_version, std::ostream& out) : out_(out) {
    text_.reserve(2 * k_chunk);
    text_ += "{\"schema\": " + std::to_string(k_schema) + ", \"tool\": ";
    JsonWriter json(text_);
    json.begin_object();
    json.member("name", "pgsluice");
    json.member("version", k_version);
    json.member("grammar", grammar_version());
    json.end_object();
    text_ += ", \"pg_version\": " + std::to_string(pg_version) + ",\n \"files\": [";
  }

  void add(const FileAnalysis& file) override {
    text_ += first_ ? "\n" : ",\n";
    first_ = false;
    const LineIndex lines(file.script.source.text);
    text_ += "  {\"path\": ";
    append_json_string(text_, file.migration.path.generic_string());
    text_ += ", \"tool\": ";
    append_json_string(text_, file.migration.tool);
    text_ += ", \"phase\": ";
    append_json_string(text_, to_string(file.migration.phase));
    text_ += ",\n   \"statements\": ";
    write_array(file.effects, [&](const Effect& effect) {
      write_statement(file, effect, lines, JsonWriter(text_), [this] { flush(); });
    });
    text_ += ",\n   \"findings\": ";
    write_array(file.findings,
                [&](const Finding& finding) { write_finding(finding, lines, JsonWriter(text_)); });
    text_ += '}';
  }

  void finish(const LintTotals& totals) override {
    text_ += "],\n \"summary\": ";
    JsonWriter json(text_);
    json.begin_object();
    json.member("files", totals.files);
    json.member("statements", totals.statements);
    json.key("findings");
    json.begin_object();
    json.member("error", totals.findings.errors);
    json.member("warning", totals.findings.warnings);
    json.member("info", totals.findings.infos);
    json.end_object();
    json.member("unmodeled", totals.unmodeled);
    json.member("unparsed", totals.unparsed);
    json.end_object();
    text_ += "}\n";
    flush();
  }

 private:
  /// One item a line, so that a diff of two documents can be read.
  template <typename Items, typename Write>
  void write_array(const Items& items, Write write) {
    text_ += '[';
    const char* separator = "\n    ";
    for (const auto& item : items) {
      text_ += separator;
      write(item);
      separator = ",\n    ";
      if (text_.size() >= k_chunk) flush();
    }
    text_ += ']';
  }

  void flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
  }

  std::ostream& out_;
  std::string text_;  ///< what is not written yet
  bool first_ = true;
};

}  // namespace

void LintTotals::add(const FileAnalysis& file) {
  ++files;
  statements += file.effects.size();
  unparsed += file.script.errors.size();
  unmodeled += static_cast<std::size_t>(std::ranges::count_if(file.effects, &Effect::unmodeled));
  for (const Finding& finding : file.findings) {
    std::size_t& count = finding.allowed                         ? findings.allowed
                         : finding.severity == Severity::error   ? findings.errors
                         : finding.severity == Severity::warning ? findings.warnings
                                                                 : findings.infos;
    ++count;
  }
}

std::unique_ptr<LintReport> make_lint_json(int pg_version, std::ostream& out) {
  return std::make_unique<JsonReport>(pg_version, out);
}

}  // namespace pgsluice
