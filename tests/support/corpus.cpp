// SPDX-License-Identifier: Apache-2.0
#include "support/corpus.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/text.hpp"
#include "cli/lint_files.hpp"
#include "support/analysis.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_dangerous = "-- dangerous: ";
constexpr std::string_view k_safe = "-- safe: ";
constexpr std::string_view k_version = "-- pg: ";
constexpr std::string_view k_here = "-- finds: ";
constexpr std::string_view k_below = "-- finds below: ";

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

/// "unbatched-dml" or "unbatched-dml error".
Said read_finding(const std::string& text, int line) {
  const std::vector<std::string> words = split(text, " ");
  return {.line = line, .finding = words.front(), .severity = words.size() > 1 ? words[1] : ""};
}

void read_findings(std::string_view line, int number, std::vector<Said>& finds) {
  for (const auto& [mark, further] : {std::pair(k_here, 0), std::pair(k_below, 1)}) {
    const std::size_t at = line.find(mark);
    if (at == std::string_view::npos) continue;
    for (const std::string& finding : split(line.substr(at + mark.size()), ", "))
      finds.push_back(read_finding(finding, number + further));
  }
}

/// Keeps what is found, by file.
class Collector : public LintReport {
 public:
  void begin(const FileAnalysis& /*file*/) override {}
  void add(const FileAnalysis& /*file*/, const Effect& /*effect*/) override {}
  void end(const FileAnalysis& file) override {
    const LineIndex lines(file.script.source.text);
    CorpusResult& result = results.emplace_back();
    result.path = file.migration.path.string();
    result.label = read_label(file.script.source.text);
    result.missing = result.label.finds;
    for (const Finding& finding : file.findings) {
      if (finding.severity == Severity::info || finding.allowed) continue;
      note({.line = lines.position(finding.range.begin).line,
            .finding = finding.finding,
            .severity = std::string(to_string(finding.severity))},
           result);
    }
  }
  void finish(const LintTotals& /*totals*/) override {}

  std::vector<CorpusResult> results;

 private:
  static void note(const Said& said, CorpusResult& result) {
    const auto is_said = [&](const Said& wanted) {
      return wanted.line == said.line && wanted.finding == said.finding &&
             (wanted.severity.empty() || wanted.severity == said.severity);
    };
    std::vector<Said>& finds = result.label.finds;
    if (std::ranges::none_of(finds, is_said)) result.extra.push_back(said);
    std::erase_if(result.missing, is_said);
  }
};

/// Counts all findings, also those of severity info.
class Counter : public LintReport {
 public:
  void begin(const FileAnalysis& /*file*/) override {}
  void add(const FileAnalysis& /*file*/, const Effect& /*effect*/) override { ++count.statements; }
  void end(const FileAnalysis& file) override {
    for (const Finding& finding : file.findings)
      count.findings.push_back(cat(file.migration.id, ": ", finding.finding));
  }
  void finish(const LintTotals& /*totals*/) override {}

  HistoryCount count;
};

bool has_sql(const fs::path& directory) {
  return std::ranges::any_of(fs::directory_iterator(directory), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".sql";
  });
}

/// The folders below that hold files: each is one folder of migrations.
std::vector<fs::path> folders_of(const fs::path& directory) {
  std::set<fs::path> folders;
  if (has_sql(directory)) folders.insert(directory);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_directory() && has_sql(entry.path())) folders.insert(entry.path());
  }
  return {folders.begin(), folders.end()};
}

CorpusCase case_at(const fs::path& path, const fs::path& corpus) {
  CorpusCase one{.name = fs::relative(path, corpus).generic_string(), .migrations = {}};
  if (!fs::is_directory(path)) {
    one.migrations.push_back(name_migration(path));
  } else {
    for (const fs::path& folder : folders_of(path)) {
      for (Migration& migration : list_migrations(folder)) one.migrations.push_back(std::move(migration));
    }
  }
  for (Migration migration : one.migrations) {
    read(migration);
    const int version = read_label(migration.source.text).pg_version;
    if (version != CorpusLabel().pg_version) one.pg_version = version;
  }
  return one;
}

}  // namespace

CorpusLabel read_label(const std::string& text) {
  CorpusLabel label;
  int number = 0;
  for (const std::string& line : split(text, "\n")) {
    ++number;
    if (line.starts_with(k_version)) label.pg_version = std::stoi(line.substr(k_version.size()));
    if (number == 1) {
      label.dangerous = line.starts_with(k_dangerous);
      if (!label.dangerous && !line.starts_with(k_safe))
        throw std::runtime_error("the first line is neither -- dangerous: KIND nor -- safe: KIND");
      label.kind = line.substr(label.dangerous ? k_dangerous.size() : k_safe.size());
    }
    read_findings(line, number, label.finds);
  }
  if (label.dangerous == label.finds.empty())
    throw std::runtime_error("a dangerous file, and no other, says what lint finds in it");
  return label;
}

std::vector<CorpusCase> corpus_cases(const fs::path& corpus) {
  std::set<fs::path> paths;
  for (const fs::directory_entry& area : fs::directory_iterator(corpus)) {
    if (!area.is_directory() || area.path().filename() == "histories") continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(area)) paths.insert(entry.path());
  }
  std::vector<CorpusCase> cases;
  for (const fs::path& path : paths) cases.push_back(case_at(path, corpus));
  return cases;
}

std::vector<CorpusResult> run_case(const CorpusCase& one, const fs::path& corpus) {
  const cli::LintRules rules{.effects = built_in_effects(),
                             .findings = built_in_rules(),
                             .prediction = {.pg_version = one.pg_version},
                             .checking = {.pg_version = one.pg_version, .today = "2026-11-27"}};
  Collector collector;
  cli::lint_files(one.migrations, {}, rules, 1, collector);
  for (CorpusResult& result : collector.results) {
    result.path = fs::relative(result.path, corpus).generic_string();
  }
  return std::move(collector.results);
}

HistoryCount count_history(const fs::path& folder) {
  const cli::LintRules rules{.effects = built_in_effects(),
                             .findings = built_in_rules(),
                             .prediction = {.pg_version = 17},
                             .checking = {.pg_version = 17, .today = "2026-11-27"}};
  Counter counter;
  cli::lint_files(list_migrations(folder), {}, rules, 1, counter);
  return std::move(counter.count);
}

}  // namespace pgsluice::test
