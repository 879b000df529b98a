// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL refuses to do although the syntax is right, where the catalog proves it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "subject.hpp"

namespace pgsluice::effects {

/// Why the server answers the command with an error; empty: nothing says that it does.
std::string refusal(const Subject& subject);

/// How the refusal of a statement ends that another transaction may run.
inline constexpr std::string_view k_before_commit = "cannot be used before COMMIT";

/// Values that the transaction has added to enums: nobody may use them before COMMIT (enum.c check_safe_enum_use).
class NewEnumValues {
 public:
  /// The next statement of the transaction.
  void note(const Statement& statement, const Catalog& catalog, int pg_version);
  void clear();
  /// Why the statement fails: it uses one of them.
  [[nodiscard]] std::string refusal(std::string_view sql, const Statement& statement,
                                    const Catalog& catalog) const;

 private:
  struct Value {
    RelationName type;
    std::string label;
  };
  std::vector<Value> values_;
  std::vector<RelationName> types_;  ///< made in the transaction
};

}  // namespace pgsluice::effects
