// SPDX-License-Identifier: Apache-2.0
#pragma once

// In which order transactions lock relations. Migrations of one folder run one after the other; those of several folders
// belong to several applications, and may meet.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

class LockOrders {
 public:
  /// The next file, with its effects: its order_conflicts are those with files before it.
  void add(FileAnalysis& file);
  /// The same statement by statement.
  void begin();
  void add(FileAnalysis& file, const Effect& effect);

 private:
  struct Lock {
    RelationName relation;
    LockMode mode = LockMode::AccessShare;
    std::size_t statement = 0;
  };
  /// One transaction has locked `first` before `second`.
  struct Order {
    std::string folder;
    std::string file;
    LockMode first = LockMode::AccessShare;
    LockMode second = LockMode::AccessShare;
  };
  void take(FileAnalysis& file, const Lock& lock);

  std::optional<int> transaction_;
  std::vector<Lock> held_;
  std::map<std::pair<RelationName, RelationName>, Order> orders_;
};

/// analyse() of a file that meets `other`, which is of another folder.
FileAnalysis analyse_beside(Migration other, Migration migration, const EffectTable& table,
                            const RuleBook& rules, const PredictOptions& predict_options,
                            const CheckOptions& check_options);

}  // namespace pgsluice
