// SPDX-License-Identifier: Apache-2.0
#include "report/preview_load.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "report/preview_time_line.hpp"
#include "report/snippet.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

std::string statement_sql(const Preview& preview, const LoadedStatement& loaded) {
  const PreviewedFile& file = preview.files[loaded.file];
  return one_line(file.analysis->script.text(file.statements[loaded.statement].planned->range),
                  k_widest_statement);
}

std::string_view name_of(const LoadedRun& run) {
  return run.gated ? "gated" : "naive";
}

Words waits_words(const LoadedStatement& loaded, const Preview& preview) {
  Words words = code(statement_sql(preview, loaded));
  if (loaded.behind_blocker_ms > 0)
    words += cat("\nwaited ", milliseconds_words(loaded.behind_blocker_ms), " for the long transaction");
  if (loaded.behind_application_ms > 0)
    words += cat("\nwaited ", milliseconds_words(loaded.behind_application_ms), " for the application");
  if (loaded.meanwhile > 0)
    words += cat("\nwhile it ran ", count_of(loaded.meanwhile, "query", "queries"), " waited up to ",
                 milliseconds_words(loaded.meanwhile_ms), " for a lock that another statement took");
  if (loaded.error)
    words += "\n" + (styled(Style::error,
                            cat(printable_line(loaded.error->message), " (", loaded.error->sqlstate, ")")));
  return words;
}

/// Apply queues for a statement's lock before it sends it.
Words turn_words(const LoadedStatement& loaded) {
  if (loaded.ran) return milliseconds_words(loaded.turn_ms);
  const bool queued = loaded.behind_blocker_ms > 0 || loaded.behind_application_ms > 0;
  return styled(Style::faint, queued ? "got no lock" : "did not run");
}

/// What never ran, or ran while others waited for another one's lock, kept nobody waiting by itself; not that nobody waited.
Words waited_words(const LoadedStatement& loaded) {
  if (loaded.waited > 0) return cat(count_of(loaded.waited, "query", "queries"), " waited");
  return loaded.ran && loaded.meanwhile == 0 ? Words("nobody waited") : Words();
}

/// How bad it is for people who wait for a page; none: they do not notice.
std::optional<Style> latency_style(double ms) {
  constexpr double k_stalled = 1000;
  constexpr double k_slow = 100;
  if (ms >= k_stalled) return Style::error;
  return ms >= k_slow ? std::optional(Style::warning) : std::nullopt;
}

/// Parts of the axis beside each other that are as bad are one bar.
std::vector<TimeLine::Segment> latency_bars(const std::vector<double>& latency_ms, double axis_ms) {
  const double part = axis_ms / static_cast<double>(latency_ms.size());
  std::vector<TimeLine::Segment> bars;
  for (std::size_t i = 0; i < latency_ms.size(); ++i) {
    const std::optional<Style> style = latency_style(latency_ms[i]);
    if (!style) continue;
    const double from = part * static_cast<double>(i);
    if (bars.empty() || bars.back().style != *style || bars.back().until < from)
      bars.push_back({.from = from, .until = from, .style = *style, .title = {}, .target = {}});
    bars.back().until = part * static_cast<double>(i + 1);
    bars.back().title =
        cat("queries due from ", milliseconds_words(bars.back().from), " to ",
            milliseconds_words(bars.back().until), *style == Style::error ? ": stalled" : ": slow");
  }
  return bars;
}

/// What kept others out in this run.
std::map<std::string, TimeLine::Row> kept(const LoadedRun& run, const Preview& preview) {
  std::map<std::string, TimeLine::Row> all;
  for (const LoadedLock& lock : run.locks) {
    const LoadedStatement& by = run.statements.at(lock.statement);
    all[lock.relation].segments.push_back(
        {.from = lock.from_ms,
         .until = lock.until_ms,
         .style = lock.queued ? Style::info : style_of_lock(lock.mode),
         .title = cat(lock.queued ? "queued for " : "", lock_sql(lock.mode), " for ",
                      milliseconds_words(lock.until_ms - lock.from_ms), ": ", statement_sql(preview, by)),
         .target = anchor_of(by.file, by.statement)});
  }
  return all;
}

/// The slowest query of the application at each moment, below the locks of that moment. All runs have the same axis.
void add_time_line(Document& document, const LoadedRun& run, const Preview& preview) {
  const double end = preview.load->axis_ms;
  RelationRows relations = rows_of_relations(kept(run, preview));
  if (!run.latency_ms.empty())
    relations.rows.push_back({.label = "slowest query",
                              .note = milliseconds_words(std::ranges::max(run.latency_ms)),
                              .segments = latency_bars(run.latency_ms, end)});
  if (relations.rows.empty()) return;
  add({.subject = "relation",
       .axis = cat("0 to ", milliseconds_words(end)),
       .noted = "time",
       .end = end,
       .rows = std::move(relations.rows),
       .behind = run.gated ? "behind-gated" : "behind-naive"},
      relations.left_out, document);
}

void add_run(Document& document, const LoadedRun& run, const Preview& preview) {
  document.emplace_back(Heading{
      .level = 3, .words = run.gated ? "gated: as pgsluice apply runs it" : "naive: as psql sends it"});
  if (!run.problem.empty())
    document.emplace_back(Paragraph{styled(Style::error, printable_line(run.problem))});
  add_time_line(document, run, preview);
  Table statements{.header = {"its turn took", "queries that waited", "longest", "statement"}, .rows = {}};
  for (const LoadedStatement& one : run.statements)
    statements.rows.push_back(
        {turn_words(one), waited_words(one),
         one.waited == 0 ? Words() : Words(cat("up to ", milliseconds_words(one.longest_ms))),
         waits_words(one, preview)});
  document.emplace_back(std::move(statements));
  Table waits{.header = {"up to", "times", "who waited, and behind what"}, .rows = {}};
  for (const LoadWait& wait : run.waits)
    waits.rows.push_back({milliseconds_words(wait.longest_ms), cat(std::to_string(wait.count), "x"),
                          Words(printable_line(preview.load->queries[wait.query].name)) + " behind " +
                              code(statement_sql(preview, run.statements[wait.statement]))});
  if (!waits.rows.empty()) document.emplace_back(std::move(waits));
  List failures;
  for (const LoadFailure& failure : run.failures)
    failures.items.push_back(
        styled(Style::error, cat(printable_line(preview.load->queries[failure.query].name), " failed ",
                                 count_of(failure.count, "time"), ": ", printable_line(failure.message), " (",
                                 failure.sqlstate, ")")));
  if (!failures.items.empty()) document.emplace_back(std::move(failures));
}

/// Of all time lines of the runs.
Legend legend() {
  return {.keys = {{Style::error, "readers and writers wait, or the slowest query took 1 s or more"},
                   {Style::warning, "writers wait, or the slowest query took 100 ms or more"},
                   {Style::info, "queued: who comes after waits, too"}}};
}

std::string load_summary(const Load& load) {
  std::vector<std::string> parts;
  for (const LoadedRun& run : load.runs)
    parts.push_back(cat(name_of(run), ": ", count_of(run.waited, "query", "queries"), " waited",
                        run.waited == 0 ? "" : cat(" up to ", milliseconds_words(run.longest_ms))));
  return join(parts, "; ");
}

}  // namespace

void add_load(Document& document, const Preview& preview) {
  const Load& load = *preview.load;
  document.emplace_back(Heading{.level = 2, .words = "Beside an application"});
  if (!load.queries.empty())
    document.emplace_back(Paragraph{
        cat(load.clients == 1 ? "1 client sends " : cat(std::to_string(load.clients), " clients send "),
            count_of(load.queries.size(), "query", "queries"), " again and again",
            load.blocked.empty()
                ? ""
                : cat("; a transaction that has read ", printable_line(load.blocked), " stays"))});
  if (!load.runs.empty()) document.emplace_back(legend());
  for (const LoadedRun& run : load.runs) add_run(document, run, preview);
  for (const std::string& note : load.notes)
    document.emplace_back(Paragraph{styled(Style::faint, printable_line(note))});
  if (!load.runs.empty()) document.emplace_back(Paragraph{styled(Style::strong, load_summary(load))});
}

}  // namespace pgsluice
