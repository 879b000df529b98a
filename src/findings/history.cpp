// SPDX-License-Identifier: Apache-2.0
// Walks the statements of a file once: which locks are still held, and which waits have no end.
#include <algorithm>
#include <tuple>

#include "findings/subject.hpp"

namespace pgsluice::findings {
namespace {

bool keeps_out_users(const RelationLock& lock) {
  const std::string_view out = blocks(lock);
  return out == "reads" || out == "writes";
}

bool works(const Effect& effect, const Statement& statement) {
  return std::any_of(effect.commands.begin(), effect.commands.end(), [&](const CommandEffect& command) {
    return work(effect, statement, command) != "none";
  });
}

/// The statement is itself to blame for blocking the relation as much as it is blocked: that is another finding.
bool blocks_it_itself(const Effect& effect, const Statement& statement, const RelationLock& held) {
  return works(effect, statement) &&
         std::any_of(effect.locks.begin(), effect.locks.end(), [&](const RelationLock& lock) {
           return lock.relation == held.relation && keeps_out_users(lock) &&
                  (blocks(lock) == "reads" || blocks(held) == "writes");
         });
}

/// Where the part of the file ends that its tool runs as one.
std::size_t block_end(const Script& script, std::size_t place) {
  if (script.source.reading) {
    for (const Reading::Block& block : script.source.reading->blocks) {
      if (place < block.range.end) return block.range.end;
    }
  }
  return script.source.text.size();
}

/// Of the transaction that the statement runs in: its last statement.
SourceRange transaction_end(const Script& script, std::size_t statement) {
  const std::size_t end = block_end(script, script.statements[statement].range.begin);
  for (std::size_t i = statement; i < script.statements.size() && script.statements[i].range.begin < end;
       ++i) {
    if (script.statements[i].tag != "TransactionStmt") continue;
    const std::string_view kind = script.statements[i].commands.front().text("kind");
    if (kind == "COMMIT" || kind == "ROLLBACK" || kind == "PREPARE TRANSACTION")
      return script.statements[i].range;
  }
  return *std::prev(std::ranges::lower_bound(script.pieces, end, {}, &SourceRange::begin));
}

/// Then it is a matter of this file.
bool allows_to_wait(const Directives& directives) {
  return std::ranges::any_of(directives.allows, [](const Allow& allow) {
    return std::ranges::find(allow.findings, "waits-without-lock-timeout") != allow.findings.end();
  });
}

}  // namespace

void HistoryWalk::step(const Effect& effect) {
  History& history = file_.history;
  history.lock_timeout = lock_timeout(effect);
  history.lock_timeout_ms = effect.lock_timeout_ms;
  if (!effect.transaction || effect.transaction != transaction_) begin(effect);
  history.held.clear();
  if (!untold_.empty() && is_slow(effect, file_.script.statements[effect.statement]))
    history.held = held_during(effect);
  history.upgraded = upgraded_by(effect);
  history.dropped_index = note_index(file_.script.statements[effect.statement]);
  history.order_conflict = nullptr;
  if (file_.options.order_conflicts != nullptr) {
    for (const OrderConflict& conflict : *file_.options.order_conflicts) {
      if (conflict.statement == effect.statement) history.order_conflict = &conflict;
    }
  }
  take(effect);
  note_rows(effect);
  history.first_wait = waits_first(effect, history.lock_timeout);
}

void HistoryWalk::begin(const Effect& effect) {
  transaction_ = effect.transaction;
  held_.clear();
  places_ = {};
  untold_.clear();
  changed_.clear();
  file_.history.transaction_end = effect.transaction ? transaction_end(file_.script, effect.statement)
                                                     : file_.script.statements[effect.statement].range;
}

std::vector<HeldLock> HistoryWalk::held_during(const Effect& effect) {
  const Statement& statement = file_.script.statements[effect.statement];
  std::vector<HeldLock> held;
  std::erase_if(untold_, [&](std::size_t i) {
    if (blocks_it_itself(effect, statement, held_[i].lock)) return false;
    held.push_back(held_[i]);
    return true;
  });
  std::ranges::sort(held, [](const HeldLock& a, const HeldLock& b) {
    return std::tie(b.lock.mode, a.statement, a.lock.relation) <
           std::tie(a.lock.mode, b.statement, b.lock.relation);
  });
  return held;
}

void HistoryWalk::take(const Effect& effect) {
  if (!effect.transaction) return;
  const bool tables = std::any_of(effect.locks.begin(), effect.locks.end(), [](const RelationLock& lock) {
    return keeps_out_users(lock) && is_table_like(lock.relkind);
  });
  const std::size_t begin = file_.script.statements[effect.statement].range.begin;
  for (const RelationLock& lock : effect.locks) {
    // Who cannot use a table does not ask for its indexes.
    if (!keeps_out_users(lock) || (tables && !is_table_like(lock.relkind))) continue;
    const std::size_t at =
        places_.find(held_, lock.relation, [](const HeldLock& held) { return held.lock.relation; });
    if (at == held_.size()) {
      untold_.push_back(at);
      held_.push_back({.lock = lock, .statement = effect.statement, .begin = begin});
    } else if (held_[at].lock.mode < lock.mode) {
      held_[at] = {.lock = lock, .statement = effect.statement, .begin = begin};
    }
  }
}

/// A session that waits for what we hold, and has read the table, waits for us; we would wait for it.
std::vector<RelationName> HistoryWalk::upgraded_by(const Effect& effect) const {
  std::vector<RelationName> upgraded;
  if (!effect.transaction || (held_.empty() && changed_.empty())) return upgraded;
  for (const RelationLock& lock : effect.locks) {
    if (blocks(lock) != "reads" || !is_table_like(lock.relkind)) continue;
    const auto held =
        std::ranges::find(held_, lock.relation, [](const HeldLock& h) { return h.lock.relation; });
    const bool weaker = held != held_.end() ? blocks(held->lock) == "writes"
                                            : std::ranges::find(changed_, lock.relation) != changed_.end();
    if (weaker) upgraded.push_back(lock.relation);
  }
  return upgraded;
}

void HistoryWalk::note_rows(const Effect& effect) {
  if (!effect.transaction) return;
  const std::string_view what = kind(file_.script.statements[effect.statement]);
  if (what != "update" && what != "delete" && what != "merge") return;
  for (const RelationLock& lock : effect.locks) {
    const bool written =
        lock.mode == LockMode::RowExclusive && is_in_use(lock) && is_table_like(lock.relkind);
    if (written && std::ranges::find(changed_, lock.relation) == changed_.end())
      changed_.push_back(lock.relation);
  }
}

/// True: it makes an index of a name that the file has dropped before.
bool HistoryWalk::note_index(const Statement& statement) {
  for (const Command& command : statement.commands) {
    if (command.tag == "IndexStmt") return dropped_indexes_.contains(command.name);
    const RelationRef* target = command.relation("target");
    if (command.tag == "DropStmt" && command.text("removeType") == "OBJECT_INDEX" && target != nullptr)
      dropped_indexes_.insert(target->name.relname);
  }
  return false;
}

/// What the file sets counts, also against the runner; then directives and the runner's own.
std::string_view HistoryWalk::lock_timeout(const Effect& effect) const {
  constexpr long long too_long = 30'000;
  if (effect.lock_timeout_ms) {
    const long long timeout = *effect.lock_timeout_ms;
    return timeout <= 0 ? "zero" : timeout > too_long ? "long" : "set";
  }
  const std::vector<StatementLimits>& limits = file_.directives.statement_limits;
  const bool own = std::any_of(limits.begin(), limits.end(), [&](const StatementLimits& limit) {
    return limit.statement == effect.statement && limit.limits.lock_timeout;
  });
  return own || file_.directives.limits.lock_timeout || file_.options.runner_sets_lock_timeout ? "set"
                                                                                               : "unset";
}

bool HistoryWalk::waits_first(const Effect& effect, std::string_view timeout) {
  if (timeout == "set" || waited_) return false;
  if (timeout == "unset" && file_.options.lock_timeout_told && !allows_to_wait(file_.directives))
    return false;
  waited_ = std::any_of(effect.locks.begin(), effect.locks.end(), keeps_out_users);
  return waited_;
}

}  // namespace pgsluice::findings

namespace pgsluice {

bool waits_without_lock_timeout(const FileAnalysis& file, const CheckOptions& options) {
  if (options.runner_sets_lock_timeout || file.directives.limits.lock_timeout) return false;
  if (findings::allows_to_wait(file.directives)) return false;
  return std::ranges::any_of(file.effects, [&](const Effect& effect) {
    const std::size_t place = file.script.statements[effect.statement].range.begin;
    return !findings::is_within(file.unreported, place) && !effect.lock_timeout_ms &&
           std::ranges::any_of(effect.locks, findings::keeps_out_users);
  });
}

}  // namespace pgsluice
