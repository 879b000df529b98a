// SPDX-License-Identifier: Apache-2.0
// Walks the statements of a file once: which locks are still held, and which waits have no end.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

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

class Walk {
 public:
  explicit Walk(File& file) : file_(file) {}

  void run() {
    for (const Effect& effect : file_.effects) {
      History& history = file_.history.emplace_back();
      history.lock_timeout = lock_timeout(effect);
      if (!effect.transaction || effect.transaction != transaction_) begin(effect.transaction);
      if (is_slow(effect, statement_of(effect))) history.held = held_during(effect);
      take(effect);
      history.first_wait = waits_first(effect, history.lock_timeout);
    }
    find_transaction_ends();
  }

 private:
  [[nodiscard]] const Statement& statement_of(const Effect& effect) const {
    return file_.script.statements[effect.statement];
  }

  void begin(std::optional<int> transaction) {
    transaction_ = transaction;
    held_.clear();
    untold_.clear();
  }

  std::vector<HeldLock> held_during(const Effect& effect) {
    std::vector<HeldLock> held;
    for (auto name = untold_.begin(); name != untold_.end();) {
      const HeldLock& lock = held_.at(*name);
      if (blocks_it_itself(effect, statement_of(effect), *lock.lock)) {
        ++name;
      } else {
        held.push_back(lock);
        name = untold_.erase(name);
      }
    }
    std::stable_sort(held.begin(), held.end(), [](const HeldLock& a, const HeldLock& b) {
      return std::pair(b.lock->mode, a.statement) < std::pair(a.lock->mode, b.statement);
    });
    return held;
  }

  void take(const Effect& effect) {
    const bool tables = std::any_of(effect.locks.begin(), effect.locks.end(), [](const RelationLock& lock) {
      return keeps_out_users(lock) && is_table_like(lock.relkind);
    });
    for (const RelationLock& lock : effect.locks) {
      // Who cannot use a table does not ask for its indexes.
      if (!keeps_out_users(lock) || (tables && !is_table_like(lock.relkind))) continue;
      const HeldLock held{.lock = &lock, .statement = effect.statement};
      const auto [entry, inserted] = held_.try_emplace(lock.relation, held);
      if (inserted) untold_.insert(lock.relation);
      if (!inserted && entry->second.lock->mode < lock.mode) entry->second = held;
    }
  }

  /// What the file sets counts, also against the runner; then directives and the runner's own.
  [[nodiscard]] std::string_view lock_timeout(const Effect& effect) const {
    if (effect.lock_timeout_ms) return *effect.lock_timeout_ms > 0 ? "set" : "zero";
    const std::vector<StatementLimits>& limits = file_.directives.statement_limits;
    const bool own = std::any_of(limits.begin(), limits.end(), [&](const StatementLimits& limit) {
      return limit.statement == effect.statement && limit.limits.lock_timeout;
    });
    return own || file_.directives.limits.lock_timeout || file_.options.runner_sets_lock_timeout ? "set"
                                                                                                 : "unset";
  }

  bool waits_first(const Effect& effect, std::string_view timeout) {
    if (timeout == "set" || waited_) return false;
    waited_ = std::any_of(effect.locks.begin(), effect.locks.end(), keeps_out_users);
    return waited_;
  }

  void find_transaction_ends() {
    std::map<int, std::size_t> last;
    for (const Effect& effect : file_.effects) {
      if (effect.transaction) last[*effect.transaction] = effect.statement;
    }
    for (std::size_t i = 0; i < file_.effects.size(); ++i) {
      const Effect& effect = file_.effects[i];
      file_.history[i].transaction_end = effect.transaction ? last[*effect.transaction] : effect.statement;
    }
  }

  File& file_;
  std::optional<int> transaction_;
  std::unordered_map<RelationName, HeldLock, RelationNameHash> held_;
  std::set<RelationName> untold_;  ///< of those that are held, by name
  bool waited_ = false;
};

}  // namespace

File make_file(const Script& script, const Directives& directives, const std::vector<Effect>& effects,
               const CheckOptions& options) {
  File file{.script = script,
            .directives = directives,
            .effects = effects,
            .options = options,
            .lines = LineIndex(script.source.text),
            .history = {}};
  file.history.reserve(effects.size());
  Walk(file).run();
  return file;
}

}  // namespace pgsluice::findings
