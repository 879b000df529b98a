// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0, as code scanning reads it; rules/schema/sarif.schema.json is the part of it that is written here.
#include <map>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "report/advice.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_sarif_schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

std::string_view level(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::info: return "note";
  }
  return {};
}

void write_text(const JsonKey& key, std::string_view text, JsonWriter& json) {
  json.key(key);
  json.begin_object();
  json.member("text", text);
  json.end_object();
}

/// The placeholders of a safe form stand for names of the statement.
Document help_of(const FindingRule& rule) {
  Document document{Paragraph{rule.why}};
  if (rule.instead.empty()) return document;
  document.emplace_back(Paragraph{styled(Style::strong, "Instead:")});
  for (Block& block : advice(rule.instead)) document.push_back(std::move(block));
  return document;
}

void write_rule(const FindingRule& rule, JsonWriter& json) {
  json.begin_object();
  json.member("id", rule.name);
  write_text("shortDescription", rule.title, json);
  write_text("fullDescription", rule.why.empty() ? rule.title : rule.why, json);
  json.key("help");
  json.begin_object();
  json.member("text", rule.instead.empty() ? rule.why : cat(rule.why, "\n\nInstead:\n", rule.instead));
  json.member("markdown", to_markdown(help_of(rule)));
  json.end_object();
  json.key("defaultConfiguration");
  json.begin_object();
  json.key("level");
  json.word(level(rule.severity));
  json.end_object();
  json.end_object();
}

/// RFC 3986: what is no letter, digit or one of a few signs is a percent sign and two digits. A path that begins at
/// the root keeps doing so.
std::string to_uri(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
  }
  return out;
}

void write_location(const std::string& path, const Finding& finding, const LineIndex& lines,
                    JsonWriter& json) {
  const auto [begin, end] = place_of(finding, lines);
  json.begin_object();
  json.key("physicalLocation");
  json.begin_object();
  json.key("artifactLocation");
  json.begin_object();
  json.member("uri", to_uri(path));
  if (!path.starts_with('/')) json.member("uriBaseId", "%SRCROOT%");
  json.end_object();
  json.key("region");
  json.begin_object();
  json.member("startLine", begin.line);
  json.member("startColumn", begin.column);
  json.member("endLine", end.line);
  json.member("endColumn", end.column);
  json.end_object();
  json.end_object();
  if (!finding.relation.empty()) {
    json.key("logicalLocations");
    json.begin_array();
    json.begin_object();
    json.member("fullyQualifiedName", finding.relation.quoted());
    json.end_object();
    json.end_array();
  }
  json.end_object();
}

void write_suppression(const Finding& finding, JsonWriter& json) {
  json.key("suppressions");
  json.begin_array();
  if (finding.allowed) {
    json.begin_object();
    json.member("kind", finding.in_baseline ? "external" : "inSource");
    json.member("justification", *finding.allowed);
    json.end_object();
  }
  json.end_array();
}

void write_result(const std::string& path, const Finding& finding, std::optional<std::size_t> rule,
                  const LineIndex& lines, JsonWriter json) {
  json.begin_object();
  json.member("ruleId", finding.finding);
  if (rule) json.member("ruleIndex", *rule);
  json.key("level");
  json.word(level(finding.severity));
  json.key("message");
  json.begin_object();
  json.member("text", whole_message(finding));
  json.end_object();
  json.key("locations");
  json.begin_array();
  write_location(path, finding, lines, json);
  json.end_array();
  json.key("partialFingerprints");
  json.begin_object();
  json.member("statement/v1", finding.fingerprint);
  json.end_object();
  // Of all results or of none, says the standard.
  write_suppression(finding, json);
  json.end_object();
}

class SarifReport : public FindingsReport {
 public:
  SarifReport(const LintSettings& settings, std::ostream& out) : FindingsReport(out, ",\n") {
    std::string head = cat("{\"$schema\": \"", k_sarif_schema,
                           "\", \"version\": \"2.1.0\", \"runs\": [{\n"
                           "\"tool\": {\"driver\": {\"name\": \"pgsluice\", \"semanticVersion\": \"",
                           k_version, "\", \"rules\": [");
    for (const FindingRule& rule : settings.rules->rules()) {
      head += numbers_.empty() ? "\n" : ",\n";
      numbers_.emplace(rule.name, numbers_.size());
      JsonWriter json(head);
      write_rule(rule, json);
    }
    out << head << "]}},\n\"columnKind\": \"unicodeCodePoints\",\n\"results\": [\n";
  }

  void finish(const LintTotals& /*totals*/) override { out() << "]}]}\n"; }

 private:
  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const LineIndex lines(file.script.source);
    std::string out;
    for (const Finding& finding : file.findings) {
      const auto rule = numbers_.find(finding.finding);
      if (!out.empty()) out += separator();
      write_result(path_of(file), finding,
                   rule == numbers_.end() ? std::nullopt : std::optional(rule->second), lines,
                   JsonWriter(out));
    }
    return out;
  }

  std::map<std::string, std::size_t, std::less<>> numbers_;  ///< of the rules, by their names
};

}  // namespace

std::unique_ptr<LintReport> make_lint_sarif(const LintSettings& settings, std::ostream& out) {
  return std::make_unique<SarifReport>(settings, out);
}

}  // namespace pgsluice
