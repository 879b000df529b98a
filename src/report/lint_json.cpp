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

/// Text on its way out: what is long leaves in pieces, when there is somewhere to go.
struct Output {
  std::string text;
  std::ostream* stream = nullptr;

  void flush() {
    if (stream == nullptr) return;
    stream->write(text.data(), static_cast<std::streamsize>(text.size()));
    text.clear();
  }
};

/// One item a line, so that a diff of two documents can be read.
template <typename Items, typename Write>
void write_array(const Items& items, Output& out, Write write) {
  out.text += '[';
  const char* separator = "\n    ";
  for (const auto& item : items) {
    out.text += separator;
    write(item);
    separator = ",\n    ";
    if (out.text.size() >= k_chunk) out.flush();
  }
  out.text += ']';
}

void write_file(const FileAnalysis& file, Output& out) {
  const LineIndex lines(file.script.source.text);
  out.text += "  {\"path\": ";
  append_json_string(out.text, file.migration.path.generic_string());
  out.text += ", \"tool\": ";
  append_json_string(out.text, file.migration.tool);
  out.text += ", \"phase\": ";
  append_json_string(out.text, to_string(file.migration.phase));
  out.text += ",\n   \"statements\": ";
  write_array(file.effects, out, [&](const Effect& effect) {
    write_statement(file, effect, lines, JsonWriter(out.text), [&out] { out.flush(); });
  });
  out.text += ",\n   \"findings\": ";
  write_array(file.findings, out,
              [&](const Finding& finding) { write_finding(finding, lines, JsonWriter(out.text)); });
  out.text += '}';
}

class JsonReport : public LintReport {
 public:
  JsonReport(int pg_version, std::ostream& stream) : out_{.text = {}, .stream = &stream} {
    out_.text.reserve(2 * k_chunk);
    out_.text += "{\"schema\": " + std::to_string(k_schema) + ", \"tool\": ";
    JsonWriter json(out_.text);
    json.begin_object();
    json.member("name", "pgsluice");
    json.member("version", k_version);
    json.member("grammar", grammar_version());
    json.end_object();
    out_.text += ", \"pg_version\": " + std::to_string(pg_version) + ",\n \"files\": [";
  }

  /// Of a long file nothing: its text would stand in memory a second time.
  [[nodiscard]] std::optional<std::string> render(const FileAnalysis& file) const override {
    if (file.script.source.text.size() > k_chunk) return {};
    Output out;
    out.text.reserve(8 * file.script.source.text.size());
    write_file(file, out);
    return std::move(out.text);
  }

  void add(const FileAnalysis& file, const std::string* rendered) override {
    out_.text += first_ ? "\n" : ",\n";
    first_ = false;
    if (rendered != nullptr) {
      out_.text += *rendered;
    } else {
      write_file(file, out_);
    }
    if (out_.text.size() >= k_chunk) out_.flush();
  }

  void finish(const LintTotals& totals) override {
    out_.text += "],\n \"summary\": ";
    JsonWriter json(out_.text);
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
    out_.text += "}\n";
    out_.flush();
  }

 private:
  Output out_;
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
