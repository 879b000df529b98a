// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <sstream>

#include "report/findings_report.hpp"
#include "report/lint.hpp"
#include "report/preview.hpp"

namespace pgsluice {
namespace {

void write_names(const std::set<std::string>& names, JsonWriter& json) {
  json.begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array();
}

void write_locks(const Observation& observed, const LineIndex& lines, JsonWriter& json) {
  json.begin_array();
  for (const auto& [name, lock] : observed.locks) {
    json.begin_object();
    json.member("relation", name);
    json.member("relkind", std::string_view(&lock.relkind, 1));
    json.key("mode");
    json.word(lock_name(lock.mode));
    json.member("new", lock.is_new);
    json.member("held", lock.held_since.has_value());
    if (lock.held_since) json.member("held_since_line", lines.position(*lock.held_since).line);
    json.end_object();
  }
  json.end_array();
}

void write_still_held(const PreviewedStatement& statement, JsonWriter& json) {
  json.key("still_held");
  json.begin_array();
  for (const HeldRelations& held : statement.still_held) {
    json.begin_object();
    json.key("mode");
    json.word(lock_name(held.mode));
    json.member("count", held.count);
    json.key("relations");
    json.begin_array();
    for (const std::string& name : held.some) json.value(name);
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_differences(const PreviewedStatement& statement, JsonWriter& json) {
  json.begin_array();
  for (const Difference& difference : statement.differences) {
    json.begin_object();
    json.member("what", difference.what);
    json.member("predicted", difference.predicted);
    json.member("observed", difference.observed);
    json.end_object();
  }
  json.end_array();
}

void write_error(const SqlError& error, JsonWriter& json) {
  json.begin_object();
  json.member("sqlstate", error.sqlstate);
  json.member("message", error.message);
  json.end_object();
}

void write_extrapolation(const Extrapolation& there, JsonWriter& json) {
  json.key("extrapolated");
  json.begin_object();
  json.member("rows", there.rows);
  json.member("measured_rows", there.measured_rows);
  if (there.ms) {
    json.member("ms", *there.ms);
    json.member("peak_bytes", there.peak_bytes);
    json.member("wal_bytes", there.wal_bytes);
  }
  json.end_object();
}

void write_unseen(const RelationsByMode& unseen, JsonWriter& json) {
  json.key("unseen");
  json.begin_array();
  for (const auto& [mode, relations] : unseen) {
    for (const std::string& relation : relations) {
      json.begin_object();
      json.member("relation", relation);
      json.key("mode");
      json.word(lock_name(mode));
      json.end_object();
    }
  }
  json.end_array();
}

void write_observed(const PreviewedStatement& statement, const LineIndex& lines, JsonWriter& json) {
  const Observation& observed = statement.observed;
  json.key("observed");
  json.begin_object();
  json.key("locks");
  write_locks(observed, lines, json);
  write_still_held(statement, json);
  json.key("rewrites");
  write_names(observed.rewrites, json);
  json.key("scans");
  write_names(observed.scans, json);
  json.key("index_builds");
  write_names(observed.index_builds, json);
  json.member("ms", observed.ms);
  json.member("wal_bytes", observed.wal_bytes);
  json.member("temp_bytes", observed.temp_bytes);
  json.member("peak_bytes", observed.peak_bytes);
  json.member("net_bytes", observed.net_bytes);
  json.member("sampled", observed.sampled);
  json.member("begin_ms", statement.begin_ms);
  json.member("released_ms", statement.released_ms);
  if (observed.error) {
    json.key("error");
    write_error(*observed.error, json);
  }
  json.end_object();
  if (statement.in_production) write_extrapolation(*statement.in_production, json);
  if (!statement.rows_unknown.empty()) {
    json.key("rows_unknown");
    json.begin_array();
    for (const std::string& name : statement.rows_unknown) json.value(name);
    json.end_array();
  }
  json.member("agrees", !observed.error && statement.agrees());
  json.key("differences");
  write_differences(statement, json);
  write_unseen(statement.unseen, json);
}

/// A member that is a list; `write_one` writes an element.
template <typename Elements, typename Write>
void write_list(const JsonKey& name, const Elements& elements, JsonWriter& json, const Write& write_one) {
  json.key(name);
  json.begin_array();
  for (const auto& element : elements) write_one(element);
  json.end_array();
}

void write_run(const LoadedRun& run, const Preview& preview, JsonWriter& json) {
  json.begin_object();
  json.member("gated", run.gated);
  json.member("end_ms", run.end_ms);
  json.member("requests", run.requests);
  json.member("waited", run.waited);
  json.member("longest_ms", run.longest_ms);
  json.member("problem", run.problem);
  write_list("statements", run.statements, json, [&](const LoadedStatement& one) {
    json.begin_object();
    json.member("file", one.file);
    if (one.file < preview.files.size()) json.member("path", path_of(*preview.files[one.file].analysis));
    json.member("statement", one.statement);
    json.member("ran", one.ran);
    json.member("from_ms", one.from_ms);
    json.member("until_ms", one.until_ms);
    json.member("turn_ms", one.turn_ms);
    json.member("work_ms", one.work_ms);
    json.member("behind_blocker_ms", one.behind_blocker_ms);
    json.member("behind_application_ms", one.behind_application_ms);
    json.member("waited", one.waited);
    json.member("longest_ms", one.longest_ms);
    json.member("meanwhile", one.meanwhile);
    json.member("meanwhile_ms", one.meanwhile_ms);
    if (one.error) {
      json.key("error");
      write_error(*one.error, json);
    }
    json.end_object();
  });
  write_list("waits", run.waits, json, [&json](const LoadWait& wait) {
    json.begin_object();
    json.member("statement", wait.statement);
    json.member("query", wait.query);
    json.member("count", wait.count);
    json.member("longest_ms", wait.longest_ms);
    json.end_object();
  });
  write_list("failures", run.failures, json, [&json](const LoadFailure& failure) {
    json.begin_object();
    json.member("query", failure.query);
    json.member("statement", failure.statement);
    json.member("sqlstate", failure.sqlstate);
    json.member("message", failure.message);
    json.member("count", failure.count);
    json.end_object();
  });
  write_list("locks", run.locks, json, [&json](const LoadedLock& lock) {
    json.begin_object();
    json.member("relation", lock.relation);
    json.member("mode", lock_name(lock.mode));
    json.member("queued", lock.queued);
    json.member("statement", lock.statement);
    json.member("from_ms", lock.from_ms);
    json.member("until_ms", lock.until_ms);
    json.end_object();
  });
  write_list("latency_ms", run.latency_ms, json, [&json](const double ms) { json.value(ms); });
  json.end_object();
}

void write_load(const Load& load, const Preview& preview, JsonWriter& json) {
  json.key("load");
  json.begin_object();
  json.member("clients", load.clients);
  json.member("blocked", load.blocked);
  json.member("axis_ms", load.axis_ms);
  write_list("queries", load.queries, json, [&json](const LoadQuery& query) {
    json.begin_object();
    json.member("name", query.name);
    json.member("sql", query.sql);
    json.end_object();
  });
  write_list("notes", load.notes, json, [&json](const std::string& note) { json.value(note); });
  write_list("runs", load.runs, json, [&](const LoadedRun& run) { write_run(run, preview, json); });
  json.end_object();
}

void write_filled(const Filled& filled, JsonWriter& json) {
  json.key("filled");
  json.begin_object();
  write_list("tables", filled.tables, json, [&json](const FilledTable& table) {
    json.begin_object();
    json.member("relation", table.name);
    json.member("rows", table.rows);
    json.end_object();
  });
  write_list("notes", filled.notes, json, [&json](const std::string& note) { json.value(note); });
  json.end_object();
}

}  // namespace

std::string to_json(const Preview& preview, int pg_version) {
  std::ostringstream out;
  const PreviewedFile* current = nullptr;
  std::optional<LineIndex> lines;  // of it
  const auto report = make_lint_json(
      pg_version, out,
      [&current, &lines](const Effect& effect, JsonWriter& json) {
        const auto ran = std::ranges::find(current->statements, &effect, &PreviewedStatement::predicted);
        if (ran == current->statements.end()) return;
        write_observed(*ran, *lines, json);
      },
      preview.rolled_back || !preview.left_out.empty() || !preview.apply_refuses.empty() ||
              !preview.not_recreated.empty() || preview.filled || preview.load
          ? std::function<void(JsonWriter&)>([&preview](JsonWriter& json) {
              if (preview.rolled_back) json.member("rolled_back", true);
              if (!preview.left_out.empty())
                write_list("left_out", preview.left_out, json,
                           [&json](const std::string& one) { json.value(one); });
              if (!preview.apply_refuses.empty())
                write_list("apply_refuses", preview.apply_refuses, json,
                           [&json](const std::string& one) { json.value(one); });
              if (!preview.not_recreated.empty())
                write_list("not_recreated", preview.not_recreated, json,
                           [&json](const std::string& one) { json.value(one); });
              if (preview.filled) write_filled(*preview.filled, json);
              if (preview.load) write_load(*preview.load, preview, json);
            })
          : nullptr);
  LintTotals totals;
  for (const PreviewedFile& file : preview.files) {
    if (file.history) continue;
    current = &file;
    lines.emplace(file.analysis->script.source);
    totals.add(*file.analysis);
    report->add_whole(*file.analysis);
  }
  report->finish(totals);
  return out.str();
}

}  // namespace pgsluice
