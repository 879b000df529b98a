// SPDX-License-Identifier: Apache-2.0
#include "preview/rehearse.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "effects/foreseeable.hpp"
#include "pg/sqlstate.hpp"
#include "preview/ask.hpp"
#include "preview/compare.hpp"
#include "preview/held.hpp"
#include "preview/longest_wait.hpp"
#include "preview/observe.hpp"
#include "preview/rests_on.hpp"
#include "preview/rolled_back.hpp"
#include "preview/without_values.hpp"

namespace pgsluice {
namespace {

using std::chrono::steady_clock;

/// "role "reports" does not exist" → reports. GRANT and OWNER TO have another SQLSTATE for it than SET ROLE.
std::optional<std::string> missing_role(const SqlError& error) {
  constexpr std::string_view k_before = "role \"";
  constexpr std::string_view k_behind = "\" does not exist";
  const std::string_view message = error.message;
  const bool may_be = error.sqlstate == pg::sqlstate::undefined_object ||
                      error.sqlstate == pg::sqlstate::invalid_parameter_value;
  if (!may_be || !message.starts_with(k_before) || !message.ends_with(k_behind)) return std::nullopt;
  return std::string(message.substr(k_before.size(), message.size() - k_before.size() - k_behind.size()));
}

bool skips_what_is_locked(const Statement& statement) {
  return std::ranges::any_of(statement.commands,
                             [](const Command& command) { return command.is("skip_locked"); });
}

/// On tables that the statement locks, and that are there before it. VACUUM and ANALYZE wait for one another, CONCURRENTLY for
/// who writes.
InTheWay in_the_way_of(const Statement& statement, const Effect& effect) {
  InTheWay way;
  if (skips_what_is_locked(statement)) return way;
  if (statement.tag == "VacuumStmt") way.mode = LockMode::ShareUpdateExclusive;
  for (const RelationLock& lock : effect.locks) {
    const bool is_table = lock.relkind == relkind::table || lock.relkind == relkind::partitioned_table;
    if (!is_table || lock.is_new) continue;
    (lock.mode == LockMode::AccessExclusive ? way.at_last : way.at_first).push_back(lock.relation.quoted());
  }
  return way;
}

const Effect* effect_of(const FileAnalysis& file, std::size_t statement) {
  const auto found = std::ranges::find(file.effects, statement, &Effect::statement);
  return found == file.effects.end() ? nullptr : &*found;
}

/// Runs SQL, and adds its time.
SqlResult timed(Session& session, std::string_view sql, double& elapsed_ms) {
  const auto from = steady_clock::now();
  SqlResult result = session.script(sql);
  elapsed_ms += std::chrono::duration<double, std::milli>(steady_clock::now() - from).count();
  return result;
}

/// The end of a transaction, or what stands for it: what is deferred to it can fail there. That is the last statement's
/// error, too.
bool end_transaction(Session& session, std::string_view sql, PreviewedFile& file, double& elapsed_ms) {
  SqlResult ended = timed(session, sql, elapsed_ms);
  if (!ended.ok && !file.statements.empty()) file.statements.back().observed.error = std::move(ended.error);
  return ended.ok;
}

/// Until now, for others.
void end_spans(const std::vector<GivenBack>& given_back, PreviewedFile& file, double now_ms) {
  for (const GivenBack& one : given_back) {
    for (PreviewedStatement& statement : file.statements) {
      if (file.analysis->script.statements[statement.planned->index].range.begin != one.taken_at) continue;
      const auto lock = statement.observed.locks.find(one.name);
      if (lock != statement.observed.locks.end() && lock->second.mode == one.mode)
        lock->second.spans = {{.mode = one.mode, .until_ms = now_ms - statement.begin_ms}};
    }
  }
}

/// Runs a statement with `observe`, and puts what it did beside what was predicted. False: the server refuses it.
bool observe_statement(const PlannedStatement& planned, PreviewedFile& file, double& elapsed_ms,
                       const StatementObserver& observer, std::set<std::string>& unforeseen,
                       const auto& observe) {
  const Statement& statement = file.analysis->script.statements[planned.index];
  PreviewedStatement& done = file.statements.emplace_back();
  done.planned = &planned;
  done.predicted = effect_of(*file.analysis, planned.index);
  done.begin_ms = elapsed_ms;
  done.observed = observe(statement, *done.predicted);
  elapsed_ms += done.observed.ms;
  if (done.observed.error) return false;
  end_spans(observer.given_back(), file, elapsed_ms);
  done.is_foreseeable = effects::is_foreseeable(*done.predicted);
  note_unforeseen(*done.predicted, done.observed, unforeseen);
  const HeldLocks held = observer.held_before(*done.predicted, done.observed);
  done.differences = compare(*done.predicted, statement, done.observed, held, Unseen::may_be, unforeseen);
  add_held(held, observer.kept_before(), done);
  return true;
}

void release_locks(PreviewedFile& file, std::size_t first, double elapsed_ms) {
  for (std::size_t i = first; i < file.statements.size(); ++i) file.statements[i].released_ms = elapsed_ms;
}

bool is_lost(const PreviewedFile& file) {
  return pg::classify(file.statements.back().observed.error->sqlstate) == pg::Failure::connection;
}

/// What runs in batches may run in one transaction where nobody waits for it, and its locks are seen for certain.
bool is_in_transaction(const Step& step) {
  return step.in_transaction || step.backfill.has_value();
}

class Rehearsal {
 public:
  Rehearsal(const Stage& stage, const StatementBegins& began)
      : stage_(stage), began_(began), observer_(stage.runner, catalog_) {}

  Preview run(const Plan& plan, const std::set<std::size_t>& history) {
    bool looked_at = false;
    bool refused = false;
    for (const PlannedFile& planned : plan.files) {
      const bool is_history = history.contains(preview_.files.size());
      if (!is_history && refused) break;
      if (!is_history && !std::exchange(looked_at, true)) {
        stage_.prepare();
        catalog_ = {};  // it tells of no rows
      }
      PreviewedFile& file = preview_.files.emplace_back(
          PreviewedFile{.analysis = &planned.analysis, .history = is_history, .statements = {}});
      const bool ran =
          std::ranges::all_of(planned.steps, [&](const Step& step) { return run_step(step, file); });
      if (ran) continue;
      if (!is_history || is_lost(file)) break;
      refused = true;
    }
    return std::move(preview_);
  }

 private:
  bool run_step(const Step& step, PreviewedFile& file) {
    const std::size_t first = file.statements.size();
    for (;;) {
      if (try_step(step, file)) return true;
      const std::optional<std::string> role = missing_role(*file.statements.back().observed.error);
      if (!role || std::ranges::count(preview_.roles, *role) > 0) return false;
      // A throw-away server has no roles but its owner; the files do not make those of the whole cluster.
      if (!stage_.onlookers.watcher.script(create_role(*role)).ok) return false;
      preview_.roles.push_back(*role);
      file.statements.resize(first);
    }
  }

  bool try_step(const Step& step, PreviewedFile& file) {
    const std::size_t first = file.statements.size();
    stage_.runner.script("RESET ALL; SET SESSION AUTHORIZATION DEFAULT; SET timezone = 'UTC'");
    for (const std::string& setting : step.settings) stage_.runner.query(setting, {});
    if (is_in_transaction(step)) stage_.runner.query(step.begin, {});
    if (is_in_transaction(step) && !file.history) observer_.begin();
    const bool ran = std::ranges::all_of(step.statements, [&](const PlannedStatement& statement) {
      return run_statement(step, statement, file);
    });
    const bool ended = !is_in_transaction(step) || end(ran, file);
    release_locks(file, first, elapsed_);
    return ran && ended;
  }

  bool end(bool ran, PreviewedFile& file) {
    return ran ? end_transaction(stage_.runner, "COMMIT", file, elapsed_)
               : timed(stage_.runner, "ROLLBACK", elapsed_).ok;
  }

  bool run_statement(const Step& step, const PlannedStatement& planned, PreviewedFile& file) {
    if (began_) began_(*file.analysis, file.analysis->script.statements[planned.index]);
    if (file.history && !makes_unforeseen(*effect_of(*file.analysis, planned.index)))
      return run_unobserved(planned, file);
    return observe_statement(planned, file, elapsed_, observer_, unforeseen_,
                             [&](const Statement& statement, const Effect& predicted) {
                               if (file.history && is_in_transaction(step)) observer_.begin();
                               return is_in_transaction(step)
                                          ? observer_.observe(statement, planned.sql)
                                          : observer_.observe_alone(statement, planned.sql, stage_.onlookers,
                                                                    in_the_way_of(statement, predicted));
                             });
  }

  /// Nobody looks at what the history did, but what comes is compared without what nobody foresaw there.
  bool makes_unforeseen(const Effect& predicted) const {
    return !unforeseen_.empty() || !effects::is_foreseeable(predicted);
  }

  bool run_unobserved(const PlannedStatement& planned, PreviewedFile& file) {
    PreviewedStatement& done = file.statements.emplace_back();
    done.planned = &planned;
    done.predicted = effect_of(*file.analysis, planned.index);
    done.begin_ms = elapsed_;
    done.observed = observer_.run(planned.sql);
    elapsed_ += done.observed.ms;
    return !done.observed.error;
  }

  const Stage& stage_;
  const StatementBegins& began_;
  SeenCatalog catalog_;
  StatementObserver observer_;
  std::set<std::string> unforeseen_;
  double elapsed_ = 0;  ///< of statements and their ends, in ms: our looking takes time, too
  Preview preview_;
};

// ---- on a server that keeps nothing --------------------------------------------------------------------------------------

std::string place_of(const FileAnalysis& file, const SourceRange& range) {
  const Position place = LineIndex(file.script.source).position(range.begin);
  return cat(file.migration.path.string(), ":", std::to_string(place.line), ":",
             std::to_string(place.column));
}

/// A procedure or a DO block that commits is refused where a transaction is around it.
bool can_be_rolled_back(const Step& step) {
  const std::string_view tag = step.statements.empty() ? "" : std::string_view(step.statements.front().tag);
  return step.in_transaction || (!step.backfill && (tag == "DoStmt" || tag == "CallStmt"));
}

std::string_view why_not_rolled_back(const Step& step) {
  return step.backfill ? "runs in batches, each of which commits by itself: nothing could be rolled back"
                       : "cannot run in a transaction, so it could not be rolled back";
}

std::string set_lock_timeout(std::chrono::milliseconds timeout) {
  return cat("SET LOCAL lock_timeout = ", std::to_string(timeout.count()));
}

class CloneRehearsal {
 public:
  CloneRehearsal(const Clone& clone, const StatementBegins& began)
      : clone_(clone),
        began_(began),
        longest_wait_(clone.onlooker, clone.session),
        lc_messages_(ask(clone.session, "SELECT current_setting('lc_messages')").text(0, 0)) {}

  Preview run(const Plan& plan, const std::set<std::size_t>& unnamed) {
    for (std::size_t i = 0; i < plan.files.size(); ++i) {
      const PlannedFile& planned = plan.files[i];
      if (planned.state == FileState::applied) continue;
      if (!unnamed.contains(i) && !look_at(planned)) break;
      before_.push_back(&planned.analysis);
    }
    return std::move(preview_);
  }

 private:
  /// False: that was the end.
  bool look_at(const PlannedFile& planned) {
    std::optional<std::string> why_not = reason_against(planned);
    if (!why_not) {
      PreviewedFile& file = preview_.files.emplace_back(
          PreviewedFile{.analysis = &planned.analysis, .history = false, .statements = {}});
      if (run_file(planned, file)) return true;
      why_not = excuse(planned, file.statements.back());
      if (!why_not) return false;
      preview_.files.pop_back();
    }
    preview_.left_out.push_back(*std::move(why_not));
    return true;
  }

  [[nodiscard]] std::optional<std::string> reason_against(const PlannedFile& planned) const {
    const FileAnalysis& file = planned.analysis;
    if (planned.state == FileState::held)
      return cat(file.migration.path.string(), ": apply holds it back: ", planned.holds.front().words);
    for (const Step& step : planned.steps) {
      if (!can_be_rolled_back(step))
        return cat(place_of(file, step.statements.front().range), ": ", why_not_rolled_back(step));
    }
    if (before_.empty()) return std::nullopt;
    const FileAnalysis alone = clone_.alone(file);
    const Effect* effect = first_that_rests(file, alone);
    if (effect == nullptr) return std::nullopt;
    return cat(place_of(file, file.script.statements[effect->statement].range), ": needs ",
               rests_on(*effect, before_).value_or("what the pending files before it do"),
               ", and that is rolled back");
  }

  bool run_file(const PlannedFile& planned, PreviewedFile& file) {
    unforeseen_.clear();
    RolledBack transaction(clone_.session, planned.steps.front().begin);
    StatementObserver observer(transaction, catalog_, cat("; ", set_lock_timeout(clone_.look_timeout)));
    observer.begin();
    return std::ranges::all_of(planned.steps, [&](const Step& step) {
      const std::size_t first = file.statements.size();
      transaction.script(clone_.reset);
      for (const std::string& setting : step.settings) transaction.query(setting, {});
      observer.begin_next();
      const bool ran = std::ranges::all_of(step.statements, [&](const PlannedStatement& statement) {
        return run_statement(statement, file, transaction, observer);
      });
      const bool ended = ran && end_transaction(transaction, "SET CONSTRAINTS ALL IMMEDIATE", file, elapsed_);
      release_locks(file, first, elapsed_);
      return ended;
    });
  }

  bool run_statement(const PlannedStatement& planned, PreviewedFile& file, Session& transaction,
                     StatementObserver& observer) {
    if (began_) began_(*file.analysis, file.analysis->script.statements[planned.index]);
    return observe_statement(
        planned, file, elapsed_, observer, unforeseen_, [&](const Statement& statement, const Effect&) {
          const std::chrono::milliseconds longest = clone_.lock_timeout(planned);
          transaction.script(set_lock_timeout(longest));
          Observation seen = observer.observe(statement, planned.sql, longest_wait_.watch(longest));
          if (seen.error && longest_wait_.has_ended()) seen.error = waited_too_long();
          if (seen.error) seen.error = without_values(*std::move(seen.error), planned.sql, lc_messages_);
          return seen;
        });
  }

  static SqlError waited_too_long() {
    SqlError error;
    error.sqlstate = pg::sqlstate::lock_not_available;
    error.message = "canceled, for it waits for a lock: code in it has changed lock_timeout";
    return error;
  }

  /// Why it may be no fault of the file that the server refuses this statement.
  [[nodiscard]] std::optional<std::string> excuse(const PlannedFile& planned,
                                                  const PreviewedStatement& refused) const {
    const SqlError& error = *refused.observed.error;
    switch (pg::classify(error.sqlstate)) {
      case pg::Failure::lock_timeout:
      case pg::Failure::conflict:
      case pg::Failure::cancelled:
      case pg::Failure::connection:
      case pg::Failure::read_only: return std::nullopt;
      default: break;
    }
    const std::string words = cat(place_of(planned.analysis, refused.planned->range), ": ", error.message,
                                  " (", error.sqlstate, ")");
    const bool alone = std::ranges::any_of(planned.steps, [&](const Step& step) {
      return !step.in_transaction && step.statements.front().index == refused.planned->index;
    });
    if (alone && error.sqlstate == pg::sqlstate::invalid_transaction_termination)
      return cat(words, ": it commits by itself, so it could not be rolled back");
    if (const auto on = may_rest_on(*refused.predicted, error, before_))
      return cat(words, ", maybe for want of ", *on, ", and that is rolled back");
    const std::vector<PlannedStatement>& first = planned.steps.front().statements;
    if (std::ranges::count(first, refused.planned->index, &PlannedStatement::index) == 0)
      return cat(words, ", maybe because what runs in several transactions ran in one here");
    return std::nullopt;
  }

  const Clone& clone_;
  const StatementBegins& began_;
  LongestWait longest_wait_;
  std::string lc_messages_;
  FilesBefore before_;
  SeenCatalog catalog_;
  std::set<std::string> unforeseen_;  ///< of the file at hand: the others' is rolled back
  double elapsed_ = 0;
  Preview preview_;
};

}  // namespace

std::string create_role(const std::string& role) {
  return cat("CREATE ROLE ", quote_ident(role), " SUPERUSER");
}

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
                 const StatementBegins& began) {
  return Rehearsal(stage, began).run(plan, history);
}

Preview rehearse_rolled_back(const Plan& plan, const std::set<std::size_t>& unnamed, const Clone& clone,
                             const StatementBegins& began) {
  return CloneRehearsal(clone, began).run(plan, unnamed);
}

}  // namespace pgsluice
