// SPDX-License-Identifier: Apache-2.0
#include "plan/steps.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "plan/backfill.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

enum class Control { none, begin, commit, savepoint, unsupported };

Control control_of(const Statement& statement) {
  if (statement.tag != "TransactionStmt" || statement.commands.empty()) {
    return Control::none;
  }
  const Command& command = statement.commands.front();
  const std::string_view kind = command.text("kind");
  if (kind == "BEGIN" || kind == "START") {
    return Control::begin;
  }
  if (kind == "COMMIT") {
    return command.is("chain") ? Control::unsupported : Control::commit;
  }
  if (kind == "SAVEPOINT" || kind == "RELEASE" || kind == "ROLLBACK TO") {
    return Control::savepoint;
  }
  // COMMIT PREPARED and ROLLBACK PREPARED are statements like any other, which run alone.
  return kind.ends_with(" PREPARED") ? Control::none : Control::unsupported;
}

bool is_plain_begin(std::string_view normal) {
  return normal == "begin" || normal == "begin transaction" || normal == "begin work" ||
         normal == "start transaction";
}

bool is_concurrent(const Statement& statement) {
  return std::any_of(statement.commands.begin(), statement.commands.end(), [](const Command& command) {
    return command.is("concurrent") || command.tag == "AT_DetachPartitionFinalize";
  });
}

bool one_of(std::string_view tag, std::initializer_list<std::string_view> tags) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// A procedure or a DO block may commit by itself when no transaction is around it.
bool can_be_wrapped(const Effect& effect, const Statement& statement) {
  return !effect.needs_no_transaction && !effect.unmodeled &&
         !one_of(statement.tag,
                 {"CallStmt", "DoStmt", "DiscardStmt", "TransactionStmt", "CreatedbStmt", "DropdbStmt",
                  "VacuumStmt", "AlterSystemStmt", "CreateTableSpaceStmt", "DropTableSpaceStmt"});
}

Resume resume_of(const Statement& statement, bool concurrently) {
  if (concurrently) {
    static const std::map<std::string_view, Resume> k_concurrent{
        {"IndexStmt", Resume::create_index},
        {"DropStmt", Resume::drop_index},
        {"ReindexStmt", Resume::reindex},
        {"AlterTableStmt", Resume::detach_partition}};
    const auto found = k_concurrent.find(statement.tag);
    return found == k_concurrent.end() ? Resume::unknown : found->second;
  }
  if (one_of(statement.tag, {"VacuumStmt", "ClusterStmt", "RepackStmt", "ReindexStmt", "AlterSystemStmt",
                             "CheckPointStmt", "VariableSetStmt", "VariableShowStmt", "DiscardStmt"})) {
    return Resume::repeat;
  }
  if (one_of(statement.tag, {"CreatedbStmt", "DropdbStmt", "CreateTableSpaceStmt", "DropTableSpaceStmt",
                             "CreateSubscriptionStmt", "DropSubscriptionStmt", "AlterEnumStmt"})) {
    return Resume::repeat_or_done;
  }
  return Resume::unknown;
}

// SET LOCAL and SET TRANSACTION end with their transaction.
bool is_session_set(const Statement& statement) {
  return statement.tag == "VariableSetStmt" && !statement.commands.empty() &&
         !statement.commands.front().is("is_local") && statement.commands.front().name != "TRANSACTION";
}

bool sets_for_the_session(const Statement& statement) {
  const bool set_config =
      std::any_of(statement.commands.begin(), statement.commands.end(), [](const Command& command) {
        return std::any_of(command.functions.begin(), command.functions.end(),
                           [](const FunctionCall& call) { return call.name == "set_config"; });
      });
  return set_config || is_session_set(statement);
}

Limits overlaid(Limits below, const Limits& above) {
  if (above.lock_timeout) below.lock_timeout = above.lock_timeout;
  if (above.lock_budget) below.lock_budget = above.lock_budget;
  if (above.statement_timeout) below.statement_timeout = above.statement_timeout;
  return below;
}

Limits limits_of(const Directives& directives, std::size_t statement) {
  Limits limits = directives.limits;
  for (const StatementLimits& own : directives.statement_limits) {
    if (own.statement == statement) {
      limits = overlaid(limits, own.limits);
    }
  }
  return limits;
}

/// Changes of definitions are done in a moment; rows take their time, and code may do anything.
bool works(const Effect& effect, std::string_view tag) {
  return effect.unmodeled || !effect.rewrites.empty() || !effect.scans.empty() ||
         !effect.index_builds.empty() ||
         one_of(tag,
                {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "SelectStmt", "CopyStmt", "DoStmt",
                 "CallStmt", "ExecuteStmt", "ExplainStmt", "CreateTableAsStmt", "RefreshMatViewStmt"});
}

PlannedStatement planned(const FileAnalysis& file, std::size_t index, const Effect& effect,
                         std::string_view normal) {
  const Statement& statement = file.script.statements[index];
  PlannedStatement planned{
      .index = index,
      .range = statement.range,
      .sql = std::string(file.script.text(statement.range)),
      .tag = std::string(statement.tag),
      .fingerprint = sha256_hex(normal),
      .limits = limits_of(file.directives, index),
      .file_lock_timeout = std::nullopt,
      .changes_settings = sets_for_the_session(statement) || statement.tag == "VariableSetStmt",
      .locks = {},
      .works = works(effect, statement.tag)};
  merge_locks(planned.locks, effect.locks);
  if (effect.lock_timeout_ms && *effect.lock_timeout_ms > 0) {
    planned.file_lock_timeout = std::chrono::milliseconds(*effect.lock_timeout_ms);
  }
  return planned;
}

/// Walks the statements of one file and closes a step wherever the transaction changes.
class StepBuilder {
 public:
  explicit StepBuilder(const FileAnalysis& file) : file_(file), lines_(file.script.source) {}

  FileSteps build() {
    for (const Effect& effect : file_.effects) {
      add(effect);
    }
    if (open_begin_) {
      refuse(*open_begin_, "BEGIN without COMMIT", "Close the transaction with COMMIT, or leave both out.");
    }
    if (result_.steps.empty()) {
      start_step(true);  // an empty file is applied too, and is remembered
    }
    return std::move(result_);
  }

 private:
  struct Savepoint {
    Name name;
    std::size_t settings = 0;  ///< of settings_, that were made before it
  };

  void add(const Effect& effect) {
    const Statement& statement = file_.script.statements[effect.statement];
    const std::string normal = normalised_sql(file_.script.text(statement.range));
    const Control control = control_of(statement);
    if (control == Control::begin || control == Control::commit) {
      open_begin_ = control == Control::begin ? std::optional(statement.range) : std::nullopt;
      begin_ =
          control == Control::begin && !is_plain_begin(normal) ? file_.script.text(statement.range) : "BEGIN";
      transaction_.reset();
    } else if (control == Control::unsupported) {
      refuse(statement.range,
             cat("cannot run ", to_lower(file_.script.text(statement.range)), " in a migration"),
             "Take it out: a migration is applied as a whole or not at all.");
    } else {
      append(effect, statement, normal);
      if (control == Control::savepoint) follow_savepoint(statement.commands.front());
    }
  }

  /// What was set behind a savepoint is taken back with it.
  void follow_savepoint(const Command& command) {
    const std::string_view kind = command.text("kind");
    if (kind == "SAVEPOINT") {
      savepoints_.push_back({.name = command.name, .settings = settings_.size()});
      return;
    }
    while (!savepoints_.empty() && savepoints_.back().name != command.name) savepoints_.pop_back();
    if (savepoints_.empty()) return;
    if (kind == "ROLLBACK TO") settings_.resize(savepoints_.back().settings);
    if (kind == "RELEASE") savepoints_.pop_back();
  }

  void append(const Effect& effect, const Statement& statement, const std::string& normal) {
    const Batch* batch = batch_of(file_, effect.statement);
    if (batch != nullptr || !effect.transaction || effect.transaction != transaction_) {
      start_step(effect.transaction.has_value() || can_be_wrapped(effect, statement));
      transaction_ = effect.transaction;
    }
    Step& step = result_.steps.back();
    step.statements.push_back(planned(file_, effect.statement, effect, normal));
    step.limits = overlaid(step.limits, step.statements.back().limits);
    merge_locks(step.locks, effect.locks);
    if (batch != nullptr) {
      add_backfill(step, *batch);
    } else if (!step.in_transaction) {
      step.concurrent = is_concurrent(statement);
      step.resume = resume_of(statement, step.concurrent);
    }
    if (sets_for_the_session(statement)) {
      settings_.push_back(step.statements.back().sql);
    }
  }

  /// Each batch commits by itself: what stands before and behind it are steps of their own.
  void add_backfill(Step& step, const Batch& batch) {
    if (open_begin_) {
      refuse(batch.range, "a batch cannot run between BEGIN and COMMIT",
             "Each batch commits by itself: take it out of the transaction.");
    }
    step.in_transaction = false;
    transaction_.reset();
    auto made = make_backfill(step.statements.back(), batch);
    if (auto* refusal = std::get_if<CutRefusal>(&made)) {
      refuse(batch.range, cat("this statement cannot be run in batches: ", refusal->message), refusal->hint);
    } else {
      step.backfill = std::get<Backfill>(std::move(made));
    }
  }

  void start_step(bool in_transaction) {
    savepoints_.clear();
    Step step;
    step.id = cat(file_.migration.id, "#", std::to_string(result_.steps.size() + 1));
    step.in_transaction = in_transaction;
    step.begin = begin_;
    step.settings = settings_;
    step.limits = file_.directives.limits;
    result_.steps.push_back(std::move(step));
  }

  void refuse(const SourceRange& range, std::string message, std::string hint) {
    result_.problems.push_back({.code = ExitCode::refused,
                                .path = file_.migration.id,
                                .position = lines_.position(range.begin),
                                .message = std::move(message),
                                .hint = std::move(hint)});
  }

  const FileAnalysis& file_;
  LineIndex lines_;
  FileSteps result_;
  std::optional<int> transaction_;
  std::optional<SourceRange> open_begin_;
  std::string begin_ = "BEGIN";
  std::vector<std::string> settings_;
  std::vector<Savepoint> savepoints_;  ///< of the last step
};

}  // namespace

void merge_locks(std::vector<RelationLock>& into, const std::vector<RelationLock>& locks) {
  for (const RelationLock& lock : locks) {
    if (lock.is_new) {
      continue;
    }
    const auto known = std::find_if(
        into.begin(), into.end(), [&](const RelationLock& other) { return other.relation == lock.relation; });
    if (known == into.end()) {
      into.push_back(lock);
    } else if (known->mode < lock.mode) {
      known->mode = lock.mode;
    }
  }
}

FileSteps make_steps(const FileAnalysis& file) {
  return StepBuilder(file).build();
}

}  // namespace pgsluice
