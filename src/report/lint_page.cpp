// SPDX-License-Identifier: Apache-2.0
// The report as a page: for a pull request's comment (Markdown), and for a browser (HTML).
#include <algorithm>
#include <functional>

#include "base/text.hpp"
#include "pgsluice/explain.hpp"
#include "report/advice.hpp"
#include "report/document.hpp"
#include "report/explain.hpp"
#include "report/findings_report.hpp"
#include "report/html.hpp"
#include "report/snippet.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

constexpr int k_widest_statement = 100;
constexpr std::size_t k_most_relations = 4;  // of a cell

/// How much of a page there may be. A forge refuses a comment of more than 65,536 characters.
struct PageLimits {
  std::size_t findings = 0;    ///< bytes of them, rendered
  std::size_t statements = 0;  ///< bytes of their rows
};

std::string place_words(const FileAnalysis& file, const LineIndex& lines, std::size_t offset) {
  return cat(printable_line(path_of(file)), ":", std::to_string(lines.position(offset).line));
}

// ---- findings --------------------------------------------------------------------------------------------------------

Document finding_blocks(const FileAnalysis& file, const Finding& finding, const LineIndex& lines) {
  const std::size_t size = finding.range.end - finding.range.begin;
  const std::string_view sql = std::string_view(file.script.source.text).substr(finding.range.begin, size);
  Document document;
  document.emplace_back(Heading{.level = 3,
                                .words = styled(style_of(finding.severity), to_string(finding.severity)) +
                                         " " + code(finding.finding) + " " +
                                         code(place_words(file, lines, finding.range.begin))});
  document.emplace_back(Paragraph{printable_line(finding.message)});
  if (!sql.empty()) {
    document.emplace_back(Code{.language = "sql", .text = one_line(sql, 2 * k_widest_statement)});
  }
  for (Block& block : reason_and_advice(finding)) document.push_back(std::move(block));
  return document;
}

// ---- statements ------------------------------------------------------------------------------------------------------

/// Those that the statement names come before what goes with them.
std::vector<RelationName> blocked_relations(const Effect& effect, LockMode mode) {
  std::vector<RelationName> relations;
  for (const bool targets : {true, false}) {
    for (const RelationLock& lock : effect.locks) {
      const bool is_target = lock.role == "target";
      if (lock.mode == mode && !lock.is_new && is_target == targets) relations.push_back(lock.relation);
    }
  }
  return relations;
}

/// What others have to wait for, strongest first.
std::vector<LockMode> blocking_modes(const Effect& effect) {
  std::vector<LockMode> modes;
  for (const RelationLock& lock : effect.locks) {
    if (lock.is_new || !blocks_writes(lock.mode)) continue;
    if (std::ranges::find(modes, lock.mode) == modes.end()) modes.push_back(lock.mode);
  }
  std::ranges::sort(modes, std::ranges::greater());
  return modes;
}

Words names(const std::vector<RelationName>& relations) {
  std::vector<Words> items;
  for (const RelationName& relation : relations) {
    if (items.size() == k_most_relations) break;
    items.push_back(code(printable_line(relation.quoted())));
  }
  if (relations.size() > items.size()) {
    items.emplace_back(cat(std::to_string(relations.size() - items.size()), " more"));
  }
  return enumerate(items, " and ");
}

Words work_words(const Effect& effect) {
  std::vector<Words> parts;
  const auto add = [&](std::string_view verb, const std::vector<RelationName>& relations) {
    if (!relations.empty()) parts.push_back(Words(verb) + names(relations));
  };
  add("rewrites ", effect.rewrites);
  add("reads all of ", effect.scans);
  add("builds ", effect.index_builds);
  return enumerate(parts, " and ");
}

/// The lock of that mode, by the work that is done under it; of a transaction, until it ends.
Words held_words(const Effect& effect, const Statement& statement, LockMode mode) {
  const Hold hold = hold_of(effect, statement, mode);
  const Words work = work_words(effect);
  const std::string_view end = "until the transaction ends";
  if (hold == Hold::instant && effect.in_transaction_block) return end;
  Words words = hold == Hold::work && !work.empty() ? "while it " + work : Words(hold_words(hold));
  if (effect.in_transaction_block) words += cat(", and ", end);
  return words;
}

/// A row of the table; none: nobody has to wait.
std::optional<std::vector<Words>> statement_row(const FileAnalysis& file, const Effect& effect,
                                                const LineIndex& lines) {
  const Statement& statement = file.script.statements[effect.statement];
  const std::vector<LockMode> modes = blocking_modes(effect);
  if (modes.empty() && !effect.unmodeled) return {};
  Words locks;
  for (const LockMode mode : modes) {
    locks += Words(cat(locks.empty() ? "" : "\n", lock_sql(mode), " on ")) +
             names(blocked_relations(effect, mode));
  }
  if (modes.empty()) locks = "not known: the worst, on whatever it touches";
  const LockMode worst = modes.empty() ? LockMode::AccessExclusive : modes.front();
  return std::vector<Words>{
      code(place_words(file, lines, statement.range.begin)),
      code(one_line(file.script.written(statement.range), k_widest_statement)), locks,
      blocks_reads(worst) ? styled(Style::error, "reads and writes") : styled(Style::warning, "writes"),
      held_words(effect, statement, worst)};
}

std::size_t size_of(const std::vector<Words>& row) {
  std::size_t size = 0;
  for (const Words& cell : row) {
    for (const Span& span : cell.spans) size += span.text.size() + 4;
  }
  return size;
}

// ---- the page --------------------------------------------------------------------------------------------------------

/// Findings are rendered as they come; what is no longer shown is counted.
class PageReport : public LintReport {
 public:
  using Render = std::function<std::string(const Document&)>;
  /// `frame` gets a title and the body.
  using Frame = std::function<std::string(std::string_view, const std::string&)>;
  PageReport(const LintSettings& settings, PageLimits limits, Render render, Frame frame, std::ostream& out)
      : settings_(settings),
        limits_(limits),
        render_(std::move(render)),
        frame_(std::move(frame)),
        out_(out) {}

  void begin(const FileAnalysis& file) override { lines_.emplace(file.script.source); }

  void add(const FileAnalysis& file, const Effect& effect) override {
    std::optional<std::vector<Words>> row = statement_row(file, effect, *lines_);
    if (!row) return;
    row_bytes_ += size_of(*row);
    if (row_bytes_ > limits_.statements) {
      ++rows_left_out_;
    } else {
      table_.rows.push_back(std::move(*row));
    }
  }

  void end(const FileAnalysis& file) override {
    for (const Finding& finding : file.findings) {
      if (!finding.allowed) add(file, finding);
    }
    lines_.reset();
  }

  void finish(const LintTotals& totals) override {
    const std::string title = "pgsluice lint";
    std::string body = render_({Heading{.level = 1, .words = title}, summary(totals)});
    if (!findings_.empty()) {
      body += "\n" + render_({Heading{.level = 2, .words = "Findings"}}) + findings_;
      if (findings_left_out_ > 0) body += left_out(findings_left_out_, "more finding");
    }
    body += "\n" + render_(statements());
    if (rows_left_out_ > 0) body += left_out(rows_left_out_, "more statement");
    out_ << frame_(title, body);
  }

 private:
  void add(const FileAnalysis& file, const Finding& finding) {
    if (findings_left_out_ > 0) {
      ++findings_left_out_;
      return;
    }
    const std::string text = "\n" + render_(finding_blocks(file, finding, *lines_));
    if (findings_.size() + text.size() > limits_.findings) {
      ++findings_left_out_;
    } else {
      findings_ += text;
    }
  }

  [[nodiscard]] std::string left_out(std::size_t count, std::string_view what) const {
    return "\n" + render_({Paragraph{cat("… and ", count_of(count, what), "; --format json has all.")}});
  }

  [[nodiscard]] Paragraph summary(const LintTotals& totals) const {
    const Style style = totals.findings.errors > 0     ? Style::error
                        : totals.findings.warnings > 0 ? Style::warning
                                                       : Style::good;
    return {.words = styled(style, lint_summary(totals, Painter(false))) +
                     cat(", on PostgreSQL ", std::to_string(settings_.pg_version))};
  }

  [[nodiscard]] Document statements() const {
    Document document{Heading{.level = 2, .words = "What is locked, and for how long"}};
    if (table_.rows.empty()) {
      document.emplace_back(Paragraph{"Nobody has to wait for any of these statements."});
    } else {
      document.emplace_back(table_);
    }
    return document;
  }

  LintSettings settings_;
  PageLimits limits_;
  Render render_;
  Frame frame_;
  std::ostream& out_;
  std::optional<LineIndex> lines_;  ///< of the file that has begun
  std::string findings_;            ///< rendered
  std::size_t findings_left_out_ = 0;
  Table table_{.header = {"where", "statement", "locks", "who waits", "for how long"}, .rows = {}};
  std::size_t row_bytes_ = 0;
  std::size_t rows_left_out_ = 0;
};

}  // namespace

std::unique_ptr<LintReport> make_lint_markdown(const LintSettings& settings, std::ostream& out) {
  constexpr PageLimits limits{.findings = 40'000, .statements = 12'000};
  return std::make_unique<PageReport>(
      settings, limits, to_markdown, [](std::string_view /*title*/, const std::string& body) { return body; },
      out);
}

std::unique_ptr<LintReport> make_lint_html(const LintSettings& settings, std::ostream& out) {
  // As much as a browser shows without a pause, and a person looks at.
  constexpr PageLimits limits{.findings = 4'000'000, .statements = 4'000'000};
  return std::make_unique<PageReport>(settings, limits, to_html, html_page, out);
}

}  // namespace pgsluice
