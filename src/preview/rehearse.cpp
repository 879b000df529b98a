// SPDX-License-Identifier: Apache-2.0
#include "preview/rehearse.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "pg/sqlstate.hpp"
#include "preview/compare.hpp"
#include "preview/observe.hpp"

namespace pgsluice {
namespace {

using std::chrono::steady_clock;

/// "role "reports" does not exist" → reports.
std::optional<std::string> missing_role(const SqlError& error) {
  constexpr std::string_view k_before = "role \"";
  constexpr std::string_view k_behind = "\" does not exist";
  const std::string_view message = error.message;
  if (error.sqlstate != pg::sqlstate::undefined_object || !message.starts_with(k_before) ||
      !message.ends_with(k_behind))
    return std::nullopt;
  return std::string(message.substr(k_before.size(), message.size() - k_before.size() - k_behind.size()));
}

/// Tables that the statement locks, and that are there before it.
std::vector<std::string> tables_of(const Effect& effect) {
  std::vector<std::string> tables;
  for (const RelationLock& lock : effect.locks) {
    const bool is_table = lock.relkind == relkind::table || lock.relkind == relkind::partitioned_table;
    if (is_table && !lock.is_new) tables.push_back(lock.relation.quoted());
  }
  return tables;
}

const Effect* effect_of(const FileAnalysis& file, std::size_t statement) {
  const auto found = std::ranges::find(file.effects, statement, &Effect::statement);
  return found == file.effects.end() ? nullptr : &*found;
}

class Rehearsal {
 public:
  Rehearsal(const Stage& stage, const std::function<void(const FileAnalysis&, const Statement&)>& began)
      : stage_(stage), began_(began), observer_(stage.runner) {}

  Preview run(const Plan& plan, const std::set<std::size_t>& history) {
    bool looked_at = false;
    bool refused = false;
    for (const PlannedFile& planned : plan.files) {
      const bool is_history = history.contains(preview.files.size());
      if (!is_history && refused) break;
      if (!is_history && !std::exchange(looked_at, true)) stage_.prepare();
      PreviewedFile& file = preview.files.emplace_back(
          PreviewedFile{.analysis = &planned.analysis, .history = is_history, .statements = {}});
      const bool ran =
          std::ranges::all_of(planned.steps, [&](const Step& step) { return run_step(step, file); });
      if (ran) continue;
      if (!is_history || is_lost(file)) break;
      refused = true;
    }
    return std::move(preview);
  }

 private:
  static bool is_lost(const PreviewedFile& file) {
    return pg::classify(file.statements.back().observed.error->sqlstate) == pg::Failure::connection;
  }

  bool run_step(const Step& step, PreviewedFile& file) {
    const std::size_t first = file.statements.size();
    for (;;) {
      if (try_step(step, file)) return true;
      const std::optional<std::string> role = missing_role(*file.statements.back().observed.error);
      if (!role || std::ranges::count(preview.roles, *role) > 0) return false;
      // A throw-away server has no roles but its owner; the files do not make those of the whole cluster.
      if (!stage_.watcher.script(cat("CREATE ROLE ", quote_ident(*role))).ok) return false;
      preview.roles.push_back(*role);
      file.statements.resize(first);
    }
  }

  bool try_step(const Step& step, PreviewedFile& file) {
    const std::size_t first = file.statements.size();
    stage_.runner.script("RESET ALL; SET SESSION AUTHORIZATION DEFAULT; SET timezone = 'UTC'");
    for (const std::string& setting : step.settings) stage_.runner.query(setting, {});
    if (step.in_transaction) {
      stage_.runner.query(step.begin, {});
      observer_.begin();
    }
    const bool ran = std::ranges::all_of(step.statements, [&](const PlannedStatement& statement) {
      return run_statement(step, statement, file);
    });
    const bool ended = !step.in_transaction || end_transaction(ran, file);
    for (std::size_t i = first; i < file.statements.size(); ++i) file.statements[i].released_ms = elapsed_;
    return ran && ended;
  }

  /// What is deferred to COMMIT can fail there: that is the last statement's error, too.
  bool end_transaction(bool ran, PreviewedFile& file) {
    const auto from = steady_clock::now();
    const SqlResult ended = stage_.runner.script(ran ? "COMMIT" : "ROLLBACK");
    elapsed_ += std::chrono::duration<double, std::milli>(steady_clock::now() - from).count();
    if (ran && !ended.ok && !file.statements.empty()) file.statements.back().observed.error = ended.error;
    return ended.ok;
  }

  bool run_statement(const Step& step, const PlannedStatement& planned, PreviewedFile& file) {
    const Statement& statement = file.analysis->script.statements[planned.index];
    if (began_) began_(*file.analysis, statement);
    PreviewedStatement& done = file.statements.emplace_back();
    done.planned = &planned;
    done.predicted = effect_of(*file.analysis, planned.index);
    done.begin_ms = elapsed_;
    done.observed = step.in_transaction ? observer_.observe(statement, planned.sql)
                                        : observer_.observe_alone(statement, planned.sql, stage_.watcher,
                                                                  tables_of(*done.predicted));
    elapsed_ += done.observed.ms;
    if (done.observed.error) return false;
    done.differences =
        compare(*done.predicted, statement, done.observed, observer_.held_before(), Unseen::may_be);
    return true;
  }

  const Stage& stage_;
  const std::function<void(const FileAnalysis&, const Statement&)>& began_;
  StatementObserver observer_;
  double elapsed_ = 0;  ///< of statements and their ends, in ms: our looking takes time, too

 public:
  Preview preview;
};

}  // namespace

const PreviewedStatement* Preview::failed() const {
  for (const PreviewedFile& file : files) {
    for (const PreviewedStatement& statement : file.statements) {
      if (statement.observed.error) return &statement;
    }
  }
  return nullptr;
}

std::size_t Preview::disagreements() const {
  std::size_t count = 0;
  for (const PreviewedFile& file : files) {
    if (file.history) continue;
    count += static_cast<std::size_t>(
        std::ranges::count_if(file.statements, [](const auto& one) { return !one.agrees(); }));
  }
  return count;
}

Preview rehearse(const Plan& plan, const std::set<std::size_t>& history, const Stage& stage,
                 const std::function<void(const FileAnalysis&, const Statement&)>& began) {
  return Rehearsal(stage, began).run(plan, history);
}

}  // namespace pgsluice
