// SPDX-License-Identifier: Apache-2.0
// The report that people read: where, what, why, and what to do instead.
#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "report/advice.hpp"
#include "report/lint.hpp"
#include "report/snippet.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_most_findings =
    100;  // of one file: beyond that nobody reads, and a terminal scrolls for minutes
constexpr int k_widest_prose = 100;

/// `text` wrapped behind a label, the following lines under its first word.
std::string labelled(const std::string& label, Style style, std::string_view text,
                     const TextOptions& options) {
  const std::string indent(label.size() + 3, ' ');
  const int width = std::min(options.width, k_widest_prose) - static_cast<int>(indent.size());
  std::string out = cat("  ", options.paint(style, label), " ");
  bool first = true;
  for (const std::string& line : wrap(printable(text), width)) {
    out += cat(first ? "" : indent, line, "\n");
    first = false;
  }
  return out;
}

/// Prose is wrapped; SQL keeps its lines, indented, so that it can be copied.
std::string instead_block(const std::string& instead, const TextOptions& options) {
  if (instead.find('\n') == std::string::npos) return labelled("instead:", Style::good, instead, options);
  std::string out = cat("  ", options.paint(Style::good, "instead:"), "\n");
  for (const std::string_view line : lines(instead)) {
    const int width =
        is_prose(line) ? std::min(options.width, k_widest_prose) - 4 : static_cast<int>(line.size()) + 1;
    for (const std::string& part : wrap(printable_line(line), width)) out += cat("    ", part, "\n");
  }
  return out;
}

std::string heading(const FileAnalysis& file, const Finding& finding, const LineIndex& lines,
                    const TextOptions& options) {
  const Position position = lines.position(finding.range.begin);
  const std::string place = cat(printable_line(file.migration.path.generic_string()), ":",
                                std::to_string(position.line), ":", std::to_string(position.column), ":");
  const std::string kind = cat(to_string(finding.severity), "[", finding.finding, "]");
  const bool fits = display_width(place) + 1 + display_width(kind) <= options.width;
  return cat(options.paint(Style::strong, place), fits ? " " : "\n  ",
             options.paint(style_of(finding.severity), kind), "\n");
}

std::string message_block(const Finding& finding, const TextOptions& options) {
  std::string out;
  const int width = std::min(options.width, k_widest_prose) - 2;
  for (const std::string& line : wrap(printable_line(finding.message), width)) {
    out += cat("  ", options.paint(Style::strong, line), "\n");
  }
  return out;
}

/// What has been said already need not be said again.
class FindingsWriter {
 public:
  FindingsWriter(const TextOptions& options, std::ostream& out) : options_(options), out_(out) {}

  void write(const FileAnalysis& file, const LineIndex& lines) {
    std::size_t written = 0;
    std::size_t left_out = 0;
    const Finding* previous = nullptr;
    for (const Finding& finding : file.findings) {
      if (finding.allowed && !options_.verbose) continue;
      if (written == k_most_findings) {
        ++left_out;
        continue;
      }
      out_ << render(file, finding, lines, previous) << '\n';
      previous = &finding;
      ++written;
    }
    if (left_out > 0) {
      out_ << printable_line(file.migration.path.generic_string()) << ": "
           << count_of(left_out, "more finding") << "; --format json has all of them\n\n";
    }
  }

 private:
  std::string render(const FileAnalysis& file, const Finding& finding, const LineIndex& lines,
                     const Finding* previous) {
    std::string out = heading(file, finding, lines, options_);
    out += message_block(finding, options_);
    if (previous == nullptr || previous->range != finding.range) {
      out += snippet(file.script.source.written(), lines, finding.range, style_of(finding.severity),
                     options_.paint, options_.width);
    }
    if (finding.allowed) return out + labelled("allowed:", Style::good, *finding.allowed, options_);
    return out + advice(finding);
  }

  std::string advice(const Finding& finding) {
    const std::string text = cat(finding.finding, "\n", finding.why, "\n", finding.instead);
    if (!said_.insert(text).second)
      return cat("  ", options_.paint(Style::faint, "why, instead: as above"), "\n");
    std::string out;
    if (!finding.why.empty()) out += labelled("why:", Style::info, finding.why, options_);
    if (!finding.instead.empty()) out += instead_block(finding.instead, options_);
    return out;
  }

  const TextOptions& options_;
  std::ostream& out_;
  std::set<std::string> said_;
};

// ---- -v: the locks of every statement ------------------------------------------------------------------------------

std::string padded(std::string text, int width) {
  const int missing = width - display_width(text);
  return missing > 0 ? text.append(static_cast<std::size_t>(missing), ' ') : text;
}

bool has(const std::vector<RelationName>& relations, const RelationName& relation) {
  return std::find(relations.begin(), relations.end(), relation) != relations.end();
}

/// What the lock means for everybody else, and what is done under it.
std::string lock_notes(const Effect& effect, const RelationLock& lock, const Painter& paint) {
  std::vector<std::string> notes;
  if (lock.is_new) {
    notes.push_back(paint(Style::faint, "new"));
  } else if (blocks_reads(lock.mode)) {
    notes.push_back(paint(Style::error, "blocks reads and writes"));
  } else if (blocks_writes(lock.mode)) {
    notes.push_back(paint(Style::warning, "blocks writes"));
  }
  if (has(effect.rewrites, lock.relation)) notes.emplace_back("rewritten");
  if (has(effect.scans, lock.relation)) notes.emplace_back("read through");
  if (has(effect.index_builds, lock.relation)) notes.emplace_back("built");
  return join(notes, ", ");
}

std::string lock_table(const Effect& effect, const TextOptions& options) {
  int name_width = 0;
  int mode_width = 0;
  for (const RelationLock& lock : effect.locks) {
    name_width = std::max(name_width, display_width(printable_line(lock.relation.quoted())));
    mode_width = std::max(mode_width, static_cast<int>(lock_sql(lock.mode).size()));
  }
  std::vector<RelationLock> locks = effect.locks;
  std::stable_partition(locks.begin(), locks.end(),
                        [](const RelationLock& lock) { return lock.role == "target"; });
  std::string out;
  for (const RelationLock& lock : locks) {
    std::string line = cat("        ", padded(printable_line(lock.relation.quoted()), name_width), "  ",
                           padded(std::string(lock_sql(lock.mode)), mode_width), "  ",
                           lock_notes(effect, lock, options.paint));
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

void write_statement(const FileAnalysis& file, const Effect& effect, const LineIndex& lines,
                     const TextOptions& options, std::ostream& out) {
  const Statement& statement = file.script.statements[effect.statement];
  const std::string number = std::to_string(lines.position(statement.range.begin).line);
  out << options.paint(Style::faint,
                       cat(std::string(number.size() < 4 ? 4 - number.size() : 0, ' '), number, "  "))
      << one_line(file.script.written(statement.range), options.width - 6) << '\n'
      << lock_table(effect, options);
}

std::string verdict(const FindingCounts& counts, const Painter& paint) {
  std::vector<std::string> parts;
  if (counts.errors > 0) parts.push_back(paint(Style::error, count_of(counts.errors, "error")));
  if (counts.warnings > 0) parts.push_back(paint(Style::warning, count_of(counts.warnings, "warning")));
  if (counts.infos > 0) parts.push_back(paint(Style::info, count_of(counts.infos, "note")));
  if (parts.empty()) parts.push_back(paint(Style::good, "no findings"));
  if (counts.allowed > 0) parts.push_back(cat(std::to_string(counts.allowed), " allowed"));
  return join(parts, ", ");
}

class TextReport : public LintReport {
 public:
  TextReport(const TextOptions& options, std::ostream& out)
      : options_(options), out_(out), findings_(options_, out) {}

  void begin(const FileAnalysis& file) override {
    if (!options_.verbose) return;
    lines_.emplace(file.script.source);
    out_ << options_.paint(Style::strong, printable_line(file.migration.path.generic_string()))
         << options_.paint(Style::faint, cat(" (", to_string(file.migration.phase), ")")) << '\n';
  }
  void add(const FileAnalysis& file, const Effect& effect) override {
    if (options_.verbose) write_statement(file, effect, *lines_, options_, out_);
  }
  void end(const FileAnalysis& file) override {
    if (options_.verbose) out_ << '\n';
    if (!file.findings.empty()) {
      if (!lines_) lines_.emplace(file.script.source);
      findings_.write(file, *lines_);
    }
    lines_.reset();
  }

  void finish(const LintTotals& totals) override {
    if (options_.quiet) return;
    out_ << lint_summary(totals, options_.paint) << '\n';
    if (totals.findings.errors + totals.findings.warnings > 0) {
      out_ << options_.paint(Style::faint, "what is no danger here: -- pgsluice: allow FINDING because \"…\"")
           << '\n';
    }
    if (totals.fixable > 0) {
      out_ << options_.paint(Style::faint, cat("pgsluice fix PATH knows the safe form of ",
                                               count_of(totals.fixable, "finding")))
           << '\n';
    }
  }

 private:
  TextOptions options_;
  std::ostream& out_;
  FindingsWriter findings_;
  std::optional<LineIndex> lines_;  ///< of the file that has begun
};

}  // namespace

std::string lint_summary(const LintTotals& totals, const Painter& paint) {
  return cat(count_of(totals.files, "file"), ", ", count_of(totals.statements, "statement"), ": ",
             verdict(totals.findings, paint));
}

std::unique_ptr<LintReport> make_lint_text(const LintSettings& settings, std::ostream& out) {
  return std::make_unique<TextReport>(settings.text, out);
}

}  // namespace pgsluice
