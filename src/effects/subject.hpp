// SPDX-License-Identifier: Apache-2.0
// What rows talk about: one command on a known state of the database, its facts and its roles.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "pgsluice/effects.hpp"

namespace pgsluice::effects {

struct RowEffects;

/// A query of a foreign key: the table that has it, its name, and whether it looks for the rows that point somewhere.
using KeyQuery = std::tuple<RelationName, Name, bool>;
/// How many rows each was asked for in the session.
using KeyQueries = std::map<KeyQuery, std::size_t>;

/// One command, seen against the catalog as it is just before it runs.
struct Subject {
  const Command& command;
  const Catalog& catalog;
  const Relation* target = nullptr;                ///< nullptr: not known, or the command has none
  int pg_version = 0;                              ///< 0: unknown
  const KeyQueries* key_queries = nullptr;         ///< so far; nullptr: none
  mutable std::shared_ptr<const RowEffects> rows;  ///< once they were asked for; see rows.hpp

  Subject(const Command& c, const Catalog& k, int version);
  [[nodiscard]] bool has_target() const { return command.relation("target") != nullptr; }
  [[nodiscard]] RelationName target_name() const;
  [[nodiscard]] bool only() const;
};

/// IF EXISTS is written for the target.
bool takes_absence(const Command& command);
/// With IF EXISTS nothing is done to a target that no file makes. That it does not exist is likely, not proved.
bool is_skipped(const Subject& subject);

/// A fact that is computed, with the sentence that documents it.
struct DerivedFact {
  FactName name;
  std::string_view sentence;
  FactValue (*compute)(const Subject&);
};
std::span<const DerivedFact> derived_facts();

/// A syntactic fact if the command carries one, else the derived one; false when there is none.
FactValue fact_of(const Subject& subject, const EffectRow::Condition& condition);

/// A relation in a role. What is not known is taken for an ordinary table.
struct Member {
  RelationName name;
  char relkind = relkind::table;
  bool known = false;
  bool only = false;  ///< ONLY is written: without descendants
};

struct Role {
  std::string_view name;
  std::string_view sentence;
  std::vector<Member> (*members)(const Subject&);
};
std::span<const Role> roles();
const Role* find_role(std::string_view name);

/// The columns of a new key or NOT NULL constraint: its own, or those of USING INDEX.
Names key_columns(const Subject& subject);

/// "immutable", "stable" or "volatile" of a function, "" when it is not known.
std::string_view volatility(const Subject& subject, const FunctionCall& function);

/// The worst volatility in an expression: constant, stable, volatile, or Unknown.
FactValue expression_volatility(const Subject& subject, const Expression& expression);

/// What ALTER COLUMN … TYPE does to the stored values: none, binary_coercible (indexes may be rebuilt),
/// rewrite, or Unknown.
FactValue type_change(const Subject& subject);
/// What type_change() takes for granted; empty: nothing.
std::string_view type_change_assumption(const Subject& subject);

}  // namespace pgsluice::effects
