// SPDX-License-Identifier: Apache-2.0
// Writes as it goes: a document of half a million statements must not be built in memory first.
#include <algorithm>
#include <optional>
#include <span>

#include "base/json_writer.hpp"
#include "base/version.hpp"
#include "report/lint.hpp"

namespace pgsluice {
namespace {

constexpr int k_json_schema = 1;
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
    json.key("mode");
    json.word(lock_name(lock.mode));
    json.key("role");
    json.word(lock.role);
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
                     Flush flush, const MoreMembers& more) {
  const Statement& statement = file.script.statements[effect.statement];
  const Position position = lines.position(statement.range.begin);
  json.begin_object();
  json.member("index", effect.statement);
  json.member("line", position.line);
  json.member("column", position.column);
  json.key("sql");
  json.long_value(file.script.written(statement.range), flush);
  json.key("tag");
  json.word(statement.tag);
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
  json.key("breaks");
  json.word(to_string(effect.breaks));
  json.key("phase");
  json.word(effect.phase ? to_string(*effect.phase) : "neutral");
  json.key("rows");
  write_rows(effect.commands, json);
  json.key("assumed");
  json.begin_array();
  for (const std::string& assumed : effect.assumed) json.value(assumed);
  json.end_array();
  if (effect.outcome != Outcome::runs)
    json.member("outcome", effect.outcome == Outcome::skipped ? "skipped" : "error");
  if (more) more(effect, json);
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
  void flush_chunk() {
    if (text.size() >= k_chunk) flush();
  }
};

/// One file of the document. One item a line, so that a diff of two documents can be read.
class FileWriter {
 public:
  FileWriter(const FileAnalysis& file, Output& out, const MoreMembers& more)
      : file_(file), out_(out), more_(more), lines_(file.script.source) {
    out_.text += "  {\"path\": ";
    append_json_string(out_.text, file.migration.path.generic_string());
    out_.text += ", \"tool\": ";
    append_json_string(out_.text, file.migration.tool);
    out_.text += ", \"phase\": ";
    append_json_string(out_.text, to_string(file.migration.phase));
    out_.text += ",\n   \"statements\": [";
  }

  void add(const Effect& effect) {
    separate();
    write_statement(file_, effect, lines_, JsonWriter(out_.text), [this] { out_.flush(); }, more_);
    out_.flush_chunk();
  }

  void end() {
    out_.text += "],\n   \"findings\": [";
    first_ = true;
    for (const Finding& finding : file_.findings) {
      separate();
      write_finding(finding, lines_, JsonWriter(out_.text));
      out_.flush_chunk();
    }
    out_.text += "]}";
  }

 private:
  void separate() {
    out_.text += first_ ? "\n    " : ",\n    ";
    first_ = false;
  }

  const FileAnalysis& file_;
  Output& out_;
  const MoreMembers& more_;
  LineIndex lines_;
  bool first_ = true;  ///< of its list
};

class JsonReport : public LintReport {
 public:
  JsonReport(int pg_version, std::ostream& stream, MoreMembers more,
             std::function<void(JsonWriter& json)> at_end)
      : out_{.text = {}, .stream = &stream}, more_(std::move(more)), at_end_(std::move(at_end)) {
    out_.text.reserve(2 * k_chunk);
    out_.text += "{\"schema\": " + std::to_string(k_json_schema) + ", \"tool\": ";
    JsonWriter json(out_.text);
    json.begin_object();
    json.member("name", "pgsluice");
    json.member("version", k_version);
    json.member("grammar", grammar_version());
    json.end_object();
    out_.text += ", \"pg_version\": " + std::to_string(pg_version) + ",\n \"files\": [";
  }

  void begin(const FileAnalysis& file) override {
    separate();
    writer_.emplace(file, out_, more_);
  }
  void add(const FileAnalysis& /*file*/, const Effect& effect) override { writer_->add(effect); }
  void end(const FileAnalysis& /*file*/) override {
    writer_->end();
    writer_.reset();
    out_.flush_chunk();
  }

  [[nodiscard]] std::optional<std::string> render(const FileAnalysis& file) const override {
    Output out;
    out.text.reserve(8 * file.script.source.text.size());
    FileWriter writer(file, out, more_);
    for (const Effect& effect : file.effects) writer.add(effect);
    writer.end();
    return std::move(out.text);
  }
  void add_rendered(const std::string& file) override {
    separate();
    out_.text += file;
    out_.flush_chunk();
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
    if (at_end_) {
      out_.text += ",\n ";
      JsonWriter last(out_.text);
      at_end_(last);
    }
    out_.text += "}\n";
    out_.flush();
  }

 private:
  void separate() {
    out_.text += first_ ? "\n" : ",\n";
    first_ = false;
  }

  Output out_;
  MoreMembers more_;
  std::function<void(JsonWriter& json)> at_end_;
  std::optional<FileWriter> writer_;  ///< of the file that has begun
  bool first_ = true;
};

}  // namespace

void LintTotals::add(const FileAnalysis& file) {
  ++files;
  for (const Effect& effect : file.effects) add(effect);
  unparsed += file.script.errors.size();
  for (const Finding& finding : file.findings) {
    std::size_t& count = finding.allowed                         ? findings.allowed
                         : finding.severity == Severity::error   ? findings.errors
                         : finding.severity == Severity::warning ? findings.warnings
                                                                 : findings.infos;
    ++count;
  }
}

void LintTotals::add(const Effect& effect) {
  ++statements;
  unmodeled += effect.unmodeled ? 1 : 0;
}

void LintTotals::add(const LintTotals& other) {
  files += other.files;
  statements += other.statements;
  unmodeled += other.unmodeled;
  unparsed += other.unparsed;
  findings.errors += other.findings.errors;
  findings.warnings += other.findings.warnings;
  findings.infos += other.findings.infos;
  findings.allowed += other.findings.allowed;
  fixable += other.fixable;
}

std::unique_ptr<LintReport> make_lint_json(const LintSettings& settings, std::ostream& out) {
  return std::make_unique<JsonReport>(settings.pg_version, out, MoreMembers(), nullptr);
}

std::unique_ptr<LintReport> make_lint_json(int pg_version, std::ostream& out, MoreMembers more,
                                           std::function<void(JsonWriter& json)> at_end) {
  return std::make_unique<JsonReport>(pg_version, out, std::move(more), std::move(at_end));
}

}  // namespace pgsluice
