// SPDX-License-Identifier: Apache-2.0
#include "report/preview_unseen.hpp"

#include <set>

namespace pgsluice {

std::vector<RelationsByMode> unseen_locks(const PreviewedFile& file) {
  std::vector<RelationsByMode> all;
  std::set<std::string> held;  // by earlier statements of the transaction: not told again
  for (std::size_t i = 0; i < file.statements.size(); ++i) {
    const PreviewedStatement& statement = file.statements[i];
    if (i > 0 && file.statements[i - 1].released_ms != statement.released_ms) held.clear();
    for (const auto& [name, lock] : statement.observed.locks) held.insert(name);
    RelationsByMode& unseen = all.emplace_back();
    if (statement.observed.error) continue;
    for (const RelationLock& lock : statement.predicted->locks) {
      const std::string name = lock.relation.quoted();
      const bool counts = !lock.is_new && !is_index(lock.relkind) && lock.mode > LockMode::AccessShare;
      if (counts && !held.contains(name)) unseen[lock.mode].push_back(name);
    }
  }
  return all;
}

}  // namespace pgsluice
