// SPDX-License-Identifier: Apache-2.0
// The preview as a page: what each statement did, and a time line of who was kept out of what.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "base/where_to_report.hpp"
#include "report/advice.hpp"
#include "report/findings_report.hpp"
#include "report/preview.hpp"
#include "report/preview_load.hpp"
#include "report/preview_time_line.hpp"
#include "report/snippet.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_most_names = 6;  // in a sentence
constexpr double k_surely_enough_rows = 100'000;
constexpr long long k_worth_saying = 1 << 20;  // bytes

/// Roughly, in the unit that fits.
std::string time_words(double ms) {
  constexpr double k_second = 1e3;
  constexpr double k_minute = 60 * k_second;
  constexpr double k_hour = 60 * k_minute;
  if (ms >= 2 * k_hour) return cat(rounded_words(ms / k_hour), " hours");
  if (ms >= 2 * k_minute) return cat(rounded_words(ms / k_minute), " min");
  return ms >= k_second ? cat(rounded_words(ms / k_second), " s") : milliseconds_words(ms);
}

// ---- a statement ---------------------------------------------------------------------------------------------------------

/// `count`: of all, where some are left out already.
Words names(const std::vector<std::string>& some, std::size_t count) {
  std::vector<Words> items;
  for (const std::string& name : some) {
    if (items.size() == k_most_names) break;
    items.push_back(code(printable_line(name)));
  }
  if (count > items.size()) items.emplace_back(cat(std::to_string(count - items.size()), " more"));
  return enumerate(items, " and ");
}

Words names(const std::vector<std::string>& all) {
  return names(all, all.size());
}

void add_line(Words& words, const Words& line) {
  if (!words.empty()) words += "\n";
  words += line;
}

/// Locks by where in the file they were taken; none: by the statement itself. What the transaction itself made keeps nobody
/// out.
std::map<std::optional<std::size_t>, RelationsByMode> seen_locks(const Observation& observed) {
  std::map<std::optional<std::size_t>, RelationsByMode> all;
  for (const auto& [name, lock] : observed.locks) {
    if (!lock.is_new && (!is_index(lock.relkind) || lock.touched))
      all[lock.held_since][lock.mode].push_back(name);
  }
  return all;
}

void add_locks(Words& words, const RelationsByMode& locks, const std::string& since = {}) {
  for (const auto& [mode, relations] : locks)
    add_line(words, styled(style_of_lock(mode), lock_sql(mode)) + " on " + names(relations) + since);
}

void add_still_held(Words& words, const PreviewedStatement& statement) {
  for (const HeldRelations& held : statement.still_held)
    add_line(words, Words("still held: ") + styled(style_of_lock(held.mode), lock_sql(held.mode)) + " on " +
                        names(held.some, held.count));
}

void add_missed(Words& words, const PreviewedStatement& statement) {
  const std::string_view why = statement.observed.sampled ? "predicted, too short to be seen: "
                                                          : "predicted, and nothing here made it take: ";
  for (const auto& [mode, relations] : statement.unseen)
    add_line(words, styled(Style::faint, cat(why, lock_sql(mode), " on ")) + names(relations));
}

std::set<std::string> quoted(const std::vector<RelationName>& relations) {
  std::set<std::string> all;
  for (const RelationName& relation : relations) all.insert(relation.quoted());
  return all;
}

void add_work(Words& words, std::string_view verb, const std::set<std::string>& relations) {
  if (!relations.empty()) add_line(words, Words(verb) + names({relations.begin(), relations.end()}));
}

/// Where it is enough to ask whether there is room.
void add_disk(Words& words, const Observation& observed) {
  const auto size = [](long long bytes) { return byte_words(static_cast<double>(bytes)); };
  if (observed.peak_bytes >= k_worth_saying) {
    const bool grows = observed.net_bytes >= 0;
    const std::string afterwards = cat(size(grows ? observed.net_bytes : -observed.net_bytes),
                                       grows ? " more" : " less", " than before when it has ended");
    add_line(words, Words(cat("takes ", size(observed.peak_bytes), " of disk, ", afterwards)));
  }
  if (observed.temp_bytes >= k_worth_saying)
    add_line(words, Words(cat("writes ", size(observed.temp_bytes), " to temporary files")));
  if (observed.wal_bytes >= k_worth_saying)
    add_line(words, Words(cat("writes ", size(observed.wal_bytes), " of WAL")));
}

Words observed_words(const PreviewedStatement& statement, const LineIndex& lines) {
  const Observation& observed = statement.observed;
  if (observed.error)
    return styled(Style::error, cat("refused: ", printable_line(observed.error->message), " (",
                                    observed.error->sqlstate, ")"));
  Words words;
  for (const auto& [since, locks] : seen_locks(observed))
    add_locks(words, locks,
              since ? cat(", held since line ", std::to_string(lines.position(*since).line)) : std::string());
  add_still_held(words, statement);
  add_missed(words, statement);
  add_work(words, "rewrites ", observed.rewrites);
  add_work(words, "reads all of ", observed.scans);
  add_work(words, "builds ", observed.index_builds);
  add_disk(words, observed);
  if (!statement.is_foreseeable)
    add_line(words, styled(Style::faint, "part of what it runs, nobody can foresee: that is not compared"));
  return words.empty() ? styled(Style::faint, "nothing that others wait for") : words;
}

/// Of work that grows with the rows.
Words production_words(const PreviewedStatement& statement) {
  if (!statement.in_production)
    return styled(Style::faint, "with the rows that are there: not known, for their number is not");
  const Extrapolation& there = *statement.in_production;
  const std::string rows = rounded_words(there.rows);
  if (!there.ms)
    return styled(Style::faint, cat("at ", rows, " rows: ", rounded_words(there.measured_rows),
                                    " here are too few to tell"));
  std::string words = cat("at ", rows, " rows: about ", time_words(*there.ms));
  if (there.peak_bytes > 0) words += cat(", ", byte_words(there.peak_bytes), " of disk");
  if (there.wal_bytes >= k_worth_saying) words += cat(", ", byte_words(there.wal_bytes), " of WAL");
  return words;
}

Words verdict_words(const PreviewedStatement& statement) {
  if (statement.observed.error) return {};
  return statement.agrees() ? styled(Style::good, "yes") : styled(Style::error, "no");
}

Words cell(const PreviewedStatement& statement, const std::string& sql, const Words& observed) {
  Words words = code(sql) + "\n" + observed;
  if (statement.in_production || !statement.rows_unknown.empty())
    add_line(words, production_words(statement));
  for (const Difference& difference : statement.differences) {
    add_line(words, styled(Style::error, cat("predicted ", printable_line(difference.what), ": ",
                                             printable_line(difference.predicted), ", not ",
                                             printable_line(difference.observed))));
  }
  return words;
}

// ---- all of a statement, for a page ---------------------------------------------------------------------------------------

/// Of what was predicted, what observed_words() tells of what was seen.
Words predicted_words(const Effect& predicted) {
  RelationsByMode by_mode;
  for (const RelationLock& lock : predicted.locks) {
    if (!lock.is_new) by_mode[lock.mode].push_back(lock.relation.quoted());
  }
  Words words;
  add_locks(words, by_mode);
  add_work(words, "rewrites ", quoted(predicted.rewrites));
  add_work(words, "reads all of ", quoted(predicted.scans));
  add_work(words, "builds ", quoted(predicted.index_builds));
  return words.empty() ? styled(Style::faint, "nothing that others wait for") : words;
}

/// What lint finds in it, and the safe form.
void add_findings(Document& document, const FileAnalysis& file, std::size_t statement) {
  for (const Finding& finding : file.findings) {
    if (finding.allowed || finding.statement != statement) continue;
    document.emplace_back(Paragraph{styled(style_of(finding.severity), to_string(finding.severity)) + " " +
                                    code(finding.finding) + " " + printable_line(finding.message)});
    for (Block& block : reason_and_advice(finding)) document.push_back(std::move(block));
  }
}

bool has_safe_form(const FileAnalysis& file, std::size_t statement) {
  return std::ranges::any_of(file.findings, [&](const Finding& finding) {
    return !finding.allowed && finding.statement == statement && !finding.instead.empty();
  });
}

Table::Details details_of(const FileAnalysis& file, const PreviewedStatement& statement,
                          const Words& observed) {
  const std::size_t index = statement.planned->index;
  Document document{Code{.language = "sql", .text = printable(file.script.written(statement.planned->range))},
                    Table{.header = {"predicted", "observed"},
                          .rows = {{predicted_words(*statement.predicted), observed}}}};
  add_findings(document, file, index);
  return {.label = has_safe_form(file, index) ? "all of it, its prediction, and what to write instead"
                                              : "all of it, and its prediction",
          .blocks = std::move(document)};
}

/// What is assumed, where there is something to assume.
void add_assumption(Document& document, const Preview& preview) {
  bool told = false;
  std::set<std::string> unknown;
  std::optional<double> enough;  // for all that cannot be told
  for (const PreviewedFile& file : preview.files) {
    for (const PreviewedStatement& statement : file.statements) {
      unknown.insert(statement.rows_unknown.begin(), statement.rows_unknown.end());
      if (!statement.in_production) continue;
      const Extrapolation& there = *statement.in_production;
      told = told || there.ms;
      if (!there.ms) enough = std::max(enough.value_or(0), std::min(there.rows, k_surely_enough_rows));
    }
  }
  if (told)
    document.emplace_back(
        Paragraph{"What it would be at more rows is what was seen here times as many (n log n where indexes "
                  "are built): as if "
                  "those rows were as wide as these, and that machine as fast as this one."});
  if (enough)
    document.emplace_back(
        Paragraph{cat("Too few rows to tell: give --rows ", std::to_string(std::llround(*enough)), ".")});
  if (!unknown.empty())
    document.emplace_back(Paragraph{
        Words("The catalog does not say how many rows ") + names({unknown.begin(), unknown.end()}) +
        (unknown.size() == 1 ? " has" : " have") + ": run ANALYZE there, and take the snapshot again."});
}

void add_file(Document& document, const PreviewedFile& file, std::size_t number) {
  document.emplace_back(Heading{.level = 2, .words = Words(printable_line(path_of(*file.analysis)))});
  if (file.statements.empty()) {
    document.emplace_back(Paragraph{styled(Style::faint, "no statement of it ran")});
    return;
  }
  const LineIndex lines(file.analysis->script.source);
  Table table{.header = {"line", "time", "as predicted", "statement, and what was seen of it"}, .rows = {}};
  for (std::size_t i = 0; i < file.statements.size(); ++i) {
    const PreviewedStatement& statement = file.statements[i];
    const SourceRange& range = statement.planned->range;
    const Words observed = observed_words(statement, lines);
    table.rows.push_back(
        {anchor(anchor_of(number, i)) + std::to_string(lines.position(range.begin).line),
         milliseconds_words(statement.observed.ms), verdict_words(statement),
         cell(statement, one_line(file.analysis->script.text(range), k_widest_statement), observed)});
    table.details.push_back(details_of(*file.analysis, statement, observed));
  }
  document.emplace_back(std::move(table));
}

// ---- the time line ---------------------------------------------------------------------------------------------------------

/// Where the history ends.
double begin_of(const Preview& preview) {
  for (const PreviewedFile& file : preview.files) {
    if (!file.history && !file.statements.empty()) return file.statements.front().begin_ms;
  }
  return 0;
}

double end_of(const Preview& preview) {
  double end = 0.001;
  for (const PreviewedFile& file : preview.files) {
    for (const PreviewedStatement& statement : file.statements)
      end = std::max(end, statement.released_ms - begin_of(preview));
  }
  return end;
}

/// Relations whose rows the statement works through.
std::set<std::string> worked_on(const Observation& observed) {
  std::set<std::string> all = observed.rewrites;
  all.insert(observed.scans.begin(), observed.scans.end());
  all.insert(observed.indexed.begin(), observed.indexed.end());
  for (const auto& [name, lock] : observed.locks) {
    if (lock.mode == LockMode::RowExclusive) all.insert(name);  // writes rows
  }
  return all;
}

std::map<std::string, std::vector<TimeLine::Work>> works(const Preview& preview, double begin) {
  std::map<std::string, std::vector<TimeLine::Work>> all;
  for (const PreviewedFile& file : preview.files) {
    for (const PreviewedStatement& statement : file.statements) {
      const double from = statement.begin_ms - begin;
      for (const std::string& name : worked_on(statement.observed))
        all[name].push_back({.from = from, .until = from + statement.observed.ms});
    }
  }
  return all;
}

/// Its part of the segment; until <= from: none.
TimeLine::Work part_of(const TimeLine::Segment& segment, const TimeLine::Work& work) {
  return {.from = std::max(work.from, segment.from), .until = std::min(work.until, segment.until)};
}

/// Locks that others have to wait for, from the statement that took them to the end of the transaction.
std::map<std::string, TimeLine::Row> holds(const Preview& preview) {
  std::map<std::string, TimeLine::Row> all;
  const double begin = begin_of(preview);
  const std::map<std::string, std::vector<TimeLine::Work>> done = works(preview, begin);
  const auto add = [&](TimeLine::Row& row, const std::string& name, TimeLine::Segment segment,
                       LockMode mode) {
    double worked = 0;
    if (const auto found = done.find(name); found != done.end()) {
      for (const TimeLine::Work& work : found->second) {
        const TimeLine::Work part = part_of(segment, work);
        if (part.until <= part.from) continue;
        worked += part.until - part.from;
        if (row.work.empty() || row.work.back().until <= part.from) row.work.push_back(part);
      }
    }
    segment.title =
        cat(lock_sql(mode), " for ", milliseconds_words(segment.until - segment.from),
            worked > 0 ? cat(", ", milliseconds_words(worked), " of it at work") : "", ": ", segment.title);
    row.segments.push_back(std::move(segment));
  };
  for (std::size_t f = 0; f < preview.files.size(); ++f) {
    const PreviewedFile& file = preview.files[f];
    if (file.history) continue;
    for (std::size_t s = 0; s < file.statements.size(); ++s) {
      const PreviewedStatement& statement = file.statements[s];
      const std::string sql =
          one_line(file.analysis->script.text(statement.planned->range), k_widest_statement);
      const double from = statement.begin_ms - begin;
      for (const auto& [name, lock] : statement.observed.locks) {
        if (lock.is_new || lock.held_since || is_index(lock.relkind) || !blocks_writes(lock.mode)) continue;
        const std::vector<LockSpan> whole = {
            {.mode = lock.mode, .until_ms = statement.released_ms - begin - from}};
        for (const LockSpan& span : lock.spans.empty() ? whole : lock.spans) {
          if (!blocks_writes(span.mode)) continue;
          add(all[name], name,
              {.from = from + span.from_ms,
               .until = from + span.until_ms,
               .style = style_of_lock(span.mode),
               .title = sql,
               .target = anchor_of(f, s)},
              span.mode);
        }
      }
    }
  }
  return all;
}

void add_time_line(Document& document, const Preview& preview) {
  RelationRows held = rows_of_relations(holds(preview));
  if (held.rows.empty()) return;
  const bool works =
      std::ranges::any_of(held.rows, [](const TimeLine::Row& row) { return !row.work.empty(); });
  document.emplace_back(Heading{.level = 2, .words = "Who was kept out, and when"});
  add({.subject = "relation",
       .axis = cat("0 to ", milliseconds_words(end_of(preview))),
       .noted = "held",
       .end = end_of(preview),
       .rows = std::move(held.rows),
       .behind = "statements"},
      held.left_out, document);
  document.emplace_back(
      Legend{.keys = {{Style::error, "readers and writers wait"}, {Style::warning, "writers wait"}},
             .work = works ? "meanwhile its rows are read or written" : ""});
}

void add_missing(Document& document, std::string_view title, const std::vector<std::string>& all) {
  if (all.empty()) return;
  document.emplace_back(Paragraph{styled(Style::warning, title)});
  List list;
  for (const std::string& one : all) list.items.emplace_back(printable_line(one));
  document.emplace_back(std::move(list));
}

// ---- rows that were made -------------------------------------------------------------------------------------------------

/// Few tables by name, many by their number.
void add_filled(Document& document, const Filled& filled) {
  std::vector<std::string> tables;
  long long rows = 0;
  for (const FilledTable& table : filled.tables) {
    if (table.rows == 0) continue;
    tables.push_back(cat(printable_line(table.name), " (", std::to_string(table.rows), ")"));
    rows += table.rows;
  }
  if (tables.empty()) {
    document.emplace_back(
        Paragraph{filled.notes.empty()
                      ? "No rows were made: no table is there before the first file, or all have enough."
                      : "No rows were made:"});
  } else if (tables.size() <= k_most_names) {
    document.emplace_back(Paragraph{cat("Rows were made: ", enumerate(tables, " and "))});
  } else {
    document.emplace_back(Paragraph{cat("Rows were made: ", std::to_string(tables.size()), " tables have ",
                                        rounded_words(static_cast<double>(rows)), " now")});
  }
  for (const std::string& note : filled.notes)
    document.emplace_back(Paragraph{styled(Style::warning, printable_line(note))});
}

std::string line_of(const PreviewedFile& file, const PreviewedStatement& statement) {
  const LineIndex lines(file.analysis->script.source);
  return cat(printable_line(path_of(*file.analysis)), ":",
             std::to_string(lines.position(statement.planned->range.begin).line));
}

/// Though the server takes them.
void add_refusals_of_apply(Document& document, const Preview& preview) {
  add_missing(document,
              "These files apply refuses beside a release that is still running:", preview.apply_refuses);
}

/// Where those stand that the summary counts.
void add_disagreements(Document& document, const Preview& preview) {
  std::vector<Words> places;
  for (std::size_t f = 0; f < preview.files.size(); ++f) {
    const PreviewedFile& file = preview.files[f];
    for (std::size_t s = 0; !file.history && s < file.statements.size(); ++s) {
      if (!file.statements[s].agrees() && places.size() < k_most_names)
        places.push_back(link(line_of(file, file.statements[s]), cat("#", anchor_of(f, s))));
    }
  }
  if (places.empty()) return;
  const std::size_t more = preview.disagreements() - places.size();
  if (more > 0) places.emplace_back(cat(std::to_string(more), " more"));
  document.emplace_back(Paragraph{styled(Style::error, "Not as predicted: ") + enumerate(places, " and ")});
}

/// ", but for …", of statements that ran alone and of the others.
std::string missed_words(const Preview& preview) {
  std::size_t too_short = 0;
  std::size_t not_taken = 0;
  for (const PreviewedFile& file : preview.files) {
    if (file.history) continue;
    for (const PreviewedStatement& statement : file.statements) {
      for (const auto& [mode, relations] : statement.unseen)
        (statement.observed.sampled ? too_short : not_taken) += relations.size();
    }
  }
  std::vector<std::string> words;
  if (not_taken > 0) words.push_back(cat(count_of(not_taken, "lock"), " that nothing here made them take"));
  if (too_short > 0) words.push_back(cat(count_of(too_short, "lock"), " too short to be seen"));
  return words.empty() ? std::string() : cat(", but for ", join(words, " and "));
}

}  // namespace

std::string preview_summary(const Preview& preview) {
  std::size_t statements = 0;
  for (const PreviewedFile& file : preview.files) statements += file.history ? 0 : file.statements.size();
  if (statements == 0) return cat("no statement was looked at on ", preview.server);
  const std::size_t wrong = preview.disagreements();
  return cat(count_of(statements, "statement"), preview.rolled_back ? ", rolled back, on " : " on ",
             preview.server, ", ",
             preview.failed() != nullptr ? "the last one refused"
             : wrong == 0                ? cat("all as predicted", missed_words(preview))
                                         : cat(std::to_string(wrong), " not as predicted"));
}

Document to_document(const Preview& preview, PreviewOrder order) {
  Document document;
  if (order == PreviewOrder::page) {
    document.emplace_back(Heading{.level = 1, .words = "What these migrations do"});
    document.emplace_back(Paragraph{styled(Style::strong, preview_summary(preview))});
    add_disagreements(document, preview);
    if (preview.disagreements() > 0)
      document.emplace_back(Paragraph{cat(
          "There pgsluice ", k_version, " was wrong. Please report it ", k_where_to_report,
          ": the statement, its prediction beside what was seen, and what the statements before it make.")});
    add_refusals_of_apply(document, preview);
    add_time_line(document, preview);
  }
  add_missing(document, "These files were left out, for they cannot run:", preview.left_out);
  add_missing(document, "Of the catalog this is not here:", preview.not_recreated);
  if (preview.filled) add_filled(document, *preview.filled);
  for (std::size_t i = 0; i < preview.files.size(); ++i) {
    const PreviewedFile& file = preview.files[i];
    const bool failed = !file.statements.empty() && file.statements.back().observed.error;
    if (!file.history || failed) add_file(document, file, i);
  }
  add_assumption(document, preview);
  if (order == PreviewOrder::terminal) add_time_line(document, preview);
  if (preview.load) add_load(document, preview);
  if (!preview.roles.empty())
    document.emplace_back(
        Paragraph{cat("Roles that the files name were made: ", printable_line(join(preview.roles, ", ")))});
  if (order == PreviewOrder::terminal) {
    add_refusals_of_apply(document, preview);
    add_disagreements(document, preview);
    document.emplace_back(Paragraph{styled(Style::strong, preview_summary(preview))});
  }
  return document;
}

Document report_of(const PreviewedFile& file, const PreviewedStatement& statement, const Preview& preview) {
  Document document;
  document.emplace_back(Heading{.level = 2, .words = "A prediction that the server contradicts"});
  document.emplace_back(Paragraph{cat("pgsluice ", k_version, ", ", preview.server)});
  document.emplace_back(
      Code{.language = "sql", .text = std::string(file.analysis->script.text(statement.planned->range))});
  Table table{.header = {"what", "predicted", "observed"}, .rows = {}};
  for (const Difference& difference : statement.differences)
    table.rows.push_back({printable_line(difference.what), printable_line(difference.predicted),
                          printable_line(difference.observed)});
  document.emplace_back(std::move(table));
  return document;
}

}  // namespace pgsluice
