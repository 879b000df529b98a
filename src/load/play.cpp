// SPDX-License-Identifier: Apache-2.0
#include "load/play.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "load/application.hpp"
#include "load/judge.hpp"
#include "load/tables.hpp"
#include "load/turns.hpp"
#include "plan/breaks.hpp"
#include "preview/rehearse.hpp"
#include "preview/rows.hpp"
#include "preview/server.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_least_parts = 60;  // of the axis
constexpr std::size_t k_most_parts = 600;
constexpr double k_part_ms = 100;
constexpr std::size_t k_most_clients = 24;  // the server takes 40 sessions
constexpr milliseconds k_warm{200};
constexpr milliseconds k_tail{150};

/// Tables that the files lock and have not made just then, the most strongly locked one first.
std::vector<std::string> locked_tables(const Preview& preview) {
  std::vector<std::pair<LockMode, std::string>> found;
  for (const PreviewedFile& file : preview.files) {
    if (file.history) continue;
    for (const PreviewedStatement& statement : file.statements) {
      for (const auto& [name, lock] : statement.observed.locks) {
        const bool is_table = lock.relkind == relkind::table || lock.relkind == relkind::partitioned_table;
        if (is_table && !lock.is_new) found.emplace_back(lock.mode, name);
      }
    }
  }
  std::ranges::stable_sort(found, std::ranges::greater(), [](const auto& one) { return one.first; });
  std::vector<std::string> names;
  for (const auto& [mode, name] : found) {
    if (std::ranges::count(names, name) == 0) names.push_back(name);
  }
  return names;
}

/// The gated run runs everything at once: what apply would not do beside a release that is still running, is said.
std::vector<std::string> not_so_by_apply(const Plan& plan, const std::set<std::size_t>& history) {
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const FileAnalysis& file = plan.files[i].analysis;
    if (history.contains(i)) continue;
    const Finding* found = first_break(file);
    if (file.migration.phase == Phase::contract) {
      notes.push_back(cat("gated: apply runs ", file.migration.id,
                          " only when no old release is left; here one sends its queries meanwhile"));
    } else if (found != nullptr) {
      notes.push_back(cat("gated: apply refuses ", file.migration.id, " (", found->finding,
                          "): it is contract work; here it ran all the same"));
    }
  }
  return notes;
}

/// As they were seen when nobody was in the way. Statements of one transaction gave their locks back together.
std::vector<TakenLocks> taken_by(const std::vector<LoadedStatement>& statements, const Preview& preview) {
  std::vector<TakenLocks> all;
  std::optional<std::pair<std::size_t, double>> before;
  for (const LoadedStatement& one : statements) {
    TakenLocks& taken = all.emplace_back();
    const std::vector<PreviewedStatement>& seen = preview.files.at(one.file).statements;
    if (one.statement >= seen.size()) continue;
    const PreviewedStatement& statement = seen[one.statement];
    const std::pair transaction(one.file, statement.released_ms);
    const std::size_t last = all.size() > 1 ? std::prev(all.end(), 2)->transaction : 0;
    taken.transaction = last + (before == transaction ? 0 : 1);
    before = transaction;
    for (const auto& [name, lock] : statement.observed.locks) {
      if (!lock.is_new) taken.modes[name] = lock.mode;
    }
  }
  return all;
}

std::optional<SqlError> run_statements(const Step& step, Session& session) {
  for (const PlannedStatement& statement : step.statements) {
    const SqlResult ran = session.run({.sql = statement.sql,
                                       .parameters = {},
                                       .keep_rows = false,
                                       .interruptible = Interruptible::yes,
                                       .watch = {}});
    if (!ran.ok) return ran.error;
  }
  return std::nullopt;
}

/// As psql would: at once, and without a lock_timeout that the file does not set.
std::optional<SqlError> run_as_it_is(const Step& step, Session& session) {
  session.script("RESET ALL; SET SESSION AUTHORIZATION DEFAULT; SET timezone = 'UTC'");
  for (const std::string& setting : step.settings) session.query(setting, {});
  if (!step.in_transaction) return run_statements(step, session);
  session.query(step.begin, {});
  const std::optional<SqlError> error = run_statements(step, session);
  const SqlResult ended = session.query(error ? "ROLLBACK" : "COMMIT", {});
  return error || ended.ok ? error : std::optional(ended.error);
}

/// One run on a server of its own: roles, tablespaces and settings of the cluster are as the history leaves them.
class Play {
 public:
  Play(const Plan& plan, const std::set<std::size_t>& history, const LoadStage& stage, Load& load)
      : plan_(plan),
        history_(history),
        stage_(stage),
        load_(load),
        server_(stage.programs),
        turns_(plan, history) {}

  void prepare(const std::vector<std::string>& locked, const std::vector<std::string>& roles,
               const LoadOptions& options) {
    const auto session = connect("pgsluice prepares");
    stage_.prepare(*session);
    for (const std::string& role : roles) session->query(create_role(role), {});
    for (std::size_t file = 0; file < first_named(); ++file) {
      for (const Step& step : plan_.files[file].steps) {
        if (const auto error = run_as_it_is(step, *session))
          throw Error(ExitCode::statement_failed,
                      cat(step.id, " ran once, and then not again: ", error->message));
      }
    }
    session->script("RESET ALL; SET SESSION AUTHORIZATION DEFAULT");
    find_queries(*session, tables_that_are_there(*session, locked), options);
  }

  LoadedRun run(bool gated, const Preview& rehearsed) {
    LoadedRun run;
    run.gated = gated;
    LoadRecord record;
    const LoadConnector sessions = [this](const std::string& name) { return connect(name); };
    LockWatch watch(sessions);
    std::unique_ptr<LongTransaction> blocker;
    Application application(load_.queries, lanes_, load_.clients, sessions);
    std::this_thread::sleep_for(k_warm);
    if (!load_.blocked.empty()) blocker = std::make_unique<LongTransaction>(load_.blocked, sessions);
    turns_.begin();
    if (blocker) blocker->end_after(*load_.blocker);
    run.problem = gated ? run_gated() : run_naive();
    turns_.end();
    std::this_thread::sleep_for(k_tail);
    if (blocker) record.blocker = blocker->pid();
    blocker.reset();
    record.requests = application.stop(turns_.begun_at());
    record.looks = watch.stop(turns_.begun_at());
    turns_.tell(record, run);
    if (!gated) record.lock_waits.clear();  // what psql waits for, it has sent
    if (load_.blocker) record.blocker_until = static_cast<double>(load_.blocker->count());
    record.taken = taken_by(run.statements, rehearsed);
    settle_due(record);
    judge(record, run);
    requests_ = std::move(record.requests);
    return run;
  }

  [[nodiscard]] const std::vector<LoadRequest>& requests() const { return requests_; }

 private:
  [[nodiscard]] std::unique_ptr<Session> connect(const std::string& name) const {
    const World world = stage_.world(server_.conninfo(), [](const Event&) {});
    auto result = world.connect();
    if (auto* failure = std::get_if<NoSession>(&result))
      throw Error(ExitCode::unreachable, cat("cannot connect: ", printable_line(failure->message)));
    auto session = std::move(std::get<std::unique_ptr<Session>>(result));
    session->query("SELECT set_config('application_name', $1, false)", {name});
    return session;
  }

  void find_queries(Session& session, const std::vector<std::string>& tables, const LoadOptions& options) {
    load_.queries.clear();
    load_.notes.clear();
    lanes_.clear();
    if (!tables.empty()) load_.notes = fill(session, {.rows = options.rows, .tables = tables}).notes;
    if (options.queries.empty()) {
      for (const std::string& table : tables) add(queries_on(session, table));
    }
    for (LoadQuery query : options.queries) {
      std::string why_not;
      if (make_sendable(session, query, why_not)) {
        add({query});
      } else {
        load_.notes.push_back(cat(query.name, " is left out: ", why_not));
      }
    }
    load_.notes.insert(load_.notes.end(), options.notes.begin(), options.notes.end());
    load_.clients = std::min(lanes_.size(), k_most_clients);
    load_.blocked = load_.blocker && !tables.empty() ? tables.front() : std::string();
    if (tables.empty()) load_.notes.emplace_back("no table that was there before is locked");
  }

  /// Two clients read for one that writes.
  void add(const std::vector<LoadQuery>& queries) {
    for (const LoadQuery& query : queries) {
      lanes_.push_back(load_.queries.size());
      if (query.kind == LoadQuery::Kind::read) lanes_.push_back(load_.queries.size());
      load_.queries.push_back(query);
    }
  }

  /// Files of the history that stand behind it run between those that are named, and it is nobody's turn then.
  [[nodiscard]] std::size_t first_named() const {
    std::size_t file = 0;
    while (history_.contains(file)) ++file;
    return file;
  }

  std::string run_naive() {
    const auto session = told(connect("psql"), turns_);
    for (std::size_t file = first_named(); file < plan_.files.size(); ++file) {
      for (const Step& step : plan_.files[file].steps) {
        turns_.begin_step(step.id);
        if (const auto error = run_as_it_is(step, *session))
          return cat(error->message, " (", error->sqlstate, ")");
      }
    }
    return {};
  }

  std::string run_gated() {
    Plan pending = plan_;
    for (std::size_t file = 0; file < first_named(); ++file) pending.files[file].steps.clear();
    World world = stage_.world(server_.conninfo(), [this](const Event& event) {
      if (event.name == "step-started") turns_.begin_step(event.subject);
    });
    world.connect = [this, connect = world.connect]() -> std::variant<std::unique_ptr<Session>, NoSession> {
      auto result = connect();
      if (auto* session = std::get_if<std::unique_ptr<Session>>(&result))
        return told(std::move(*session), turns_);
      return result;
    };
    const RunOptions options;
    Worker worker = open_worker(world, options);
    const RunReport report = execute(pending, worker, world, options);
    return report.code == ExitCode::ok ? std::string() : report.message;
  }

  const Plan& plan_;
  const std::set<std::size_t>& history_;
  const LoadStage& stage_;
  Load& load_;
  ThrowAwayServer server_;
  Turns turns_;
  std::vector<std::size_t> lanes_;
  std::vector<LoadRequest> requests_;
};

/// A tenth of a second each, if that makes neither few nor very many of them.
std::size_t parts_of(double axis_ms) {
  return std::clamp(static_cast<std::size_t>(std::ceil(axis_ms / k_part_ms)), k_least_parts, k_most_parts);
}

}  // namespace

Load play(const Plan& plan, const std::set<std::size_t>& history, const Preview& rehearsed,
          const LoadOptions& options, const LoadStage& stage) {
  Load load;
  load.blocker = options.blocker;
  std::vector<std::vector<LoadRequest>> requests;
  for (const bool gated : {false, true}) {
    if (stage.interrupt.signal() != 0) break;
    stage.began(gated ? "beside an application, as apply runs it"
                      : "beside an application, as psql sends it");
    Play one(plan, history, stage, load);
    one.prepare(locked_tables(rehearsed), rehearsed.roles, options);
    if (load.queries.empty()) break;
    load.runs.push_back(one.run(gated, rehearsed));
    requests.push_back(one.requests());
    load.axis_ms = std::max(load.axis_ms, load.runs.back().end_ms);
  }
  for (std::string& note : not_so_by_apply(plan, history)) load.notes.push_back(std::move(note));
  for (std::size_t i = 0; i < load.runs.size(); ++i)
    load.runs[i].latency_ms = latencies(requests[i], load.axis_ms, parts_of(load.axis_ms));
  return load;
}

}  // namespace pgsluice
