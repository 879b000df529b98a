// SPDX-License-Identifier: Apache-2.0
#include "preview/compare.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.hpp"
#include "effects/foreseeable.hpp"

namespace pgsluice {
namespace {

using NameSet = std::set<std::string>;

NameSet quoted(const std::vector<RelationName>& names) {
  NameSet result;
  for (const RelationName& name : names) result.insert(name.quoted());
  return result;
}

std::string words(const NameSet& names) {
  return names.empty() ? "nothing" : join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

std::string lock_words(bool is_new, LockMode mode) {
  return std::string(is_new ? "new" : lock_name(mode));
}

/// Reads through queries, not through DDL: what they scan is the planner's business.
bool is_query(std::string_view tag) {
  static constexpr std::array<std::string_view, 14> k_tags = {
      "SelectStmt", "InsertStmt",  "UpdateStmt",        "DeleteStmt",        "MergeStmt",
      "CopyStmt",   "ExplainStmt", "DeclareCursorStmt", "CreateTableAsStmt", "RefreshMatViewStmt",
      "VacuumStmt", "ClusterStmt", "FetchStmt",         "ConstraintsSetStmt"};
  return std::ranges::find(k_tags, tag) != k_tags.end() || tag == "CallStmt" || tag == "DoStmt" ||
         tag == "ExecuteStmt";
}

/// Whether it has branches and loops, or code that nobody can foresee.
bool has_code(const Effect& effect) {
  return !effects::is_foreseeable(effect) ||
         std::ranges::any_of(effect.commands, [](const CommandEffect& one) { return one.inner != nullptr; });
}

/// Locks of triggers, keys, defaults and rules: only a row that is there makes a statement take them.
bool is_for_rows(std::string_view role) {
  static constexpr std::array<std::string_view, 6> k_roles = {
      "looked_up", "changed", "cascaded", "default_sequences", "drawn_sequences", "written_partitioned"};
  return std::ranges::find(k_roles, role) != k_roles.end();
}

/// What a statement gives back before it ends, where no second session can see it: AlterSeqNamespaces() opens whatever hangs
/// on a column, to see whether it is a sequence; get_rels_with_domain() passes views and partitioned tables by. ACCESS SHARE
/// is given back by whoever only looks something up: functions that tell of a table, the types of rows, DoCopy() (12).
bool is_given_back(std::string_view tag, const RelationLock& lock) {
  if (tag == "AlterObjectSchemaStmt") return is_index(lock.relkind);
  if (tag == "ConstraintsSetStmt") return true;  // only a row that waits for its check makes it look
  if (tag == "AlterDomainStmt")
    return lock.relkind != relkind::table && lock.relkind != relkind::materialized_view;
  return lock.mode == LockMode::AccessShare;
}

/// RI_PartitionRemove_Check() joins what refers to the partition with it: the planner chooses how to read either, and of
/// two where one is empty the other is not read at all.
bool detaches(const Statement& statement) {
  return std::ranges::any_of(statement.commands,
                             [](const Command& command) { return command.tag == "AT_DetachPartition"; });
}

/// lazy_truncate_heap(): an empty end is given back under ACCESS EXCLUSIVE, if nobody else is there. Only rows that the
/// files delete foretell it, and other tables may have one, too: they grow by several pages at a time.
bool may_truncate(const Statement& statement) {
  return std::ranges::any_of(statement.commands, [](const Command& command) {
    return command.tag == "VacuumStmt" && command.is("is_vacuumcmd") && !command.is("keeps_pages");
  });
}

class Comparison {
 public:
  Comparison(const Effect& predicted, const Statement& statement, const Observation& observed,
             const HeldLocks& held_before, Unseen unseen, const NameSet& unforeseen)
      : predicted_(predicted),
        statement_(statement),
        observed_(observed),
        held_before_(held_before),
        unforeseen_(unforeseen),
        tolerant_(unseen == Unseen::may_be),
        lenient_(tolerant_ && (has_code(predicted) || observed.sampled)) {}

  void compare_locks() {
    NameSet named;
    for (const RelationLock& lock : predicted_.locks) {
      const std::string name = lock.relation.quoted();
      named.insert(name);
      if (unforeseen_.contains(name)) continue;
      if (lock.relkind != relkind::composite_type) compare_lock(name, lock);
    }
    for (const auto& [name, lock] : observed_.locks) {
      if (named.contains(name) || unforeseen_.contains(name)) continue;
      if (is_index(lock.relkind) && !lock.touched) continue;  // the planner opens every index
      if (lock.is_new && held_before_.contains(name)) continue;
      differences.push_back({.what = "lock of " + name,
                             .predicted = "none",
                             .observed = lock_words(lock.is_new, lock.mode),
                             .under = true});
    }
  }

  std::vector<Difference> differences;

 private:
  void compare_lock(const std::string& name, const RelationLock& lock) {
    const auto found = observed_.locks.find(name);
    const bool seen = found != observed_.locks.end();
    if (seen && found->second.is_new == lock.is_new && (lock.is_new || found->second.mode == lock.mode))
      return;
    const bool truncates = seen && found->second.mode == LockMode::AccessExclusive &&
                           lock.mode == LockMode::ShareUpdateExclusive && may_truncate(statement_);
    // CONCURRENTLY does without on a temporary table, for nobody else can open that: it takes both locks, one behind the other.
    const bool is_temporary = seen && observed_.sampled && name.starts_with("pg_temp.");
    if (tolerant_ && (truncates || is_temporary)) return;
    const bool under = seen && !found->second.is_new && (found->second.mode > lock.mode || lock.is_new);
    if (!under && (is_held(name, lock) || may_be_unseen(lock))) return;
    differences.push_back({.what = "lock of " + name,
                           .predicted = lock_words(lock.is_new, lock.mode),
                           .observed = seen ? lock_words(found->second.is_new, found->second.mode) : "none",
                           .under = under});
  }

  [[nodiscard]] bool may_be_unseen(const RelationLock& lock) const {
    if (lenient_) return true;
    return tolerant_ &&
           ((is_query(statement_.tag) && is_for_rows(lock.role)) || is_given_back(statement_.tag, lock));
  }

  [[nodiscard]] bool is_held(const std::string& name, const RelationLock& lock) const {
    const auto found = held_before_.find(name);
    return found != held_before_.end() && (lock.is_new || found->second.contains(lock.mode));
  }

  const Effect& predicted_;
  const Statement& statement_;
  const Observation& observed_;
  const HeldLocks& held_before_;
  const NameSet& unforeseen_;
  bool tolerant_;  ///< of what is predicted and not seen, where there is a reason
  bool lenient_;   ///< of all that is predicted and not seen
};

}  // namespace

void compare_names(std::string_view what, const NameSet& predicted, const NameSet& observed,
                   const NameSet& allowed, std::vector<Difference>& differences) {
  NameSet missing;
  NameSet surplus;
  std::ranges::set_difference(observed, predicted, std::inserter(missing, missing.end()));
  std::ranges::set_difference(predicted, observed, std::inserter(surplus, surplus.end()));
  std::erase_if(surplus, [&allowed](const std::string& name) { return allowed.contains(name); });
  if (missing.empty() && surplus.empty()) return;
  differences.push_back({.what = std::string(what),
                         .predicted = words(predicted),
                         .observed = words(observed),
                         .under = !missing.empty()});
}

std::vector<Difference> compare(const Effect& predicted, const Statement& statement,
                                const Observation& observed, const HeldLocks& held_before, Unseen unseen,
                                const NameSet& unforeseen) {
  if (unseen == Unseen::may_be && !effects::is_foreseeable(predicted)) return {};
  const bool open = unseen == Unseen::may_be && has_code(predicted);
  const auto allowed = [open](const NameSet& names) { return open ? names : NameSet(); };
  Comparison comparison(predicted, statement, observed, held_before, unseen, unforeseen);
  comparison.compare_locks();
  const auto without_unforeseen = [&unforeseen](NameSet names) {
    std::erase_if(names, [&unforeseen](const std::string& name) { return unforeseen.contains(name); });
    return names;
  };
  const NameSet rewrites = without_unforeseen(quoted(predicted.rewrites));
  const NameSet builds = without_unforeseen(quoted(predicted.index_builds));
  const NameSet scans = without_unforeseen(quoted(predicted.scans));
  std::vector<Difference> differences = std::move(comparison.differences);
  compare_names("rewrites", rewrites, without_unforeseen(observed.rewrites), allowed(rewrites), differences);
  compare_names("index builds", builds, without_unforeseen(observed.index_builds), allowed(builds),
                differences);
  if (is_query(statement.tag)) return differences;
  const bool may_be_joined = unseen == Unseen::may_be && detaches(statement);
  NameSet may_scan = may_be_joined ? scans : allowed(scans);
  // index_build() reads a table once more for an exclusion constraint: a part of the rewrite, which is said.
  NameSet seen_scans = without_unforeseen(observed.scans);
  std::erase_if(seen_scans, [&](const std::string& name) { return rewrites.contains(name); });
  may_scan.insert(observed.may_scan.begin(), observed.may_scan.end());
  if (observed.sampled) may_scan.insert(observed.indexed.begin(), observed.indexed.end());
  compare_names("scans", scans, seen_scans, may_scan, differences);
  return differences;
}

void note_unforeseen(const Effect& predicted, const Observation& observed, NameSet& unforeseen) {
  for (const auto& [name, lock] : observed.locks) {
    const bool said = std::ranges::any_of(
        predicted.locks, [&](const RelationLock& one) { return one.relation.quoted() == name; });
    const bool nobody_knows =
        !effects::is_foreseeable(predicted) || (is_index(lock.relkind) && !unforeseen.empty());
    if (lock.is_new && !said && nobody_knows) unforeseen.insert(name);
  }
}

}  // namespace pgsluice
