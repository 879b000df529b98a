// SPDX-License-Identifier: Apache-2.0
#include "fix/kind.hpp"

#include <algorithm>

#include "pgsluice/fix.hpp"

namespace pgsluice::fix {
namespace {

/// "reindex" is about reindex.index and reindex.table.
bool names(std::string_view pattern, std::string_view id) {
  return id == pattern || (id.starts_with(pattern) && id[pattern.size()] == '.');
}

}  // namespace

const Relation* Subject::relation() const {
  return target() == nullptr ? nullptr : before.find(target()->name);
}

char Subject::relkind(std::string_view role) const {
  const auto lock = std::ranges::find(command_effect.locks, role, &RelationLock::role);
  if (lock != command_effect.locks.end()) return lock->relkind;
  // A table that refers to itself is locked under that role.
  return role == "target" && relation() != nullptr ? relation()->relkind : '\0';
}

std::span<const StatementKind> statement_kinds() {
  static const std::vector<StatementKind> kinds = {
      {.name = "concurrently",
       .sentence = "CREATE, DROP, REINDEX, REFRESH and DETACH become CONCURRENTLY; an index of a partitioned "
                   "table is "
                   "built on each partition, and attached",
       .rows = {"create_index", "drop_index", "reindex", "refresh", "detach_partition.14"},
       .rewrite = concurrently},
      {.name = "not-valid",
       .sentence =
           "a CHECK, foreign key or NOT NULL is added NOT VALID and validated afterwards; before 18 a "
           "foreign key of a partitioned table on each partition",
       .rows = {"add_check.scan", "add_check.scan_no_inherit", "add_check.scan_no_inherit_18",
                "add_not_null.scan", "add_foreign_key.validated", "add_foreign_key.validated_18"},
       .rewrite = not_valid},
      {.name = "using-index",
       .sentence =
           "a UNIQUE or PRIMARY KEY is made from an index that is built CONCURRENTLY; of a partitioned "
           "table on each partition, and attached",
       .rows = {"add_unique", "add_primary_key"},
       .rewrite = using_index},
      {.name = "set-not-null",
       .sentence = "SET NOT NULL is proved before, so that it need not read the table",
       .rows = {"set_not_null.scan"},
       .rewrite = set_not_null},
      {.name = "add-default",
       .sentence = "a default that each row computes is set for new rows, and old ones are filled in batches",
       .rows = {"add_column.volatile_default"},
       .rewrite = add_default},
      {.name = "change-type",
       .sentence =
           "a new column takes the old one's place: kept in step, filled in batches, exchanged in the end",
       .rows = {"alter_type.rewrite"},
       .rewrite = change_type},
  };
  return kinds;
}

bool controls_transactions(const FileAnalysis& file) {
  return std::ranges::any_of(file.script.statements,
                             [](const Statement& statement) { return statement.tag == "TransactionStmt"; });
}

const StatementKind* kind_of(std::string_view row) {
  const auto kinds = statement_kinds();
  const auto found = std::ranges::find_if(kinds, [&](const StatementKind& kind) {
    return std::ranges::any_of(kind.rows, [&](std::string_view pattern) { return names(pattern, row); });
  });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace pgsluice::fix

namespace pgsluice {

const std::vector<FixKind>& fix_kinds() {
  static const std::vector<FixKind> kinds = [] {
    std::vector<FixKind> all;
    for (const fix::StatementKind& kind : fix::statement_kinds()) all.push_back({kind.name, kind.sentence});
    all.push_back({fix::k_split_statement, "a statement that does several things becomes several"});
    all.push_back({fix::k_batches, "an UPDATE or DELETE of many rows is done in batches"});
    all.push_back({fix::k_no_transaction, "what cannot run in a transaction gets a file without one"});
    all.push_back({fix::k_split_transaction, "what works for long does so when no lock is held any more"});
    all.push_back({fix::k_commit_first, "a new value of an enum is committed before it is used"});
    all.push_back({fix::k_contract, "what breaks the running release waits for the contract phase"});
    all.push_back({fix::k_lock_timeout, "a lock is not waited for without end"});
    return all;
  }();
  return kinds;
}

}  // namespace pgsluice
