// SPDX-License-Identifier: Apache-2.0
// Gives the variables and parameters in a command their values, as a plan that is made for them does (plancache.c
// BuildCachedPlan with boundParams).
#include "bind.hpp"

#include <algorithm>
#include <utility>

#include "through_view.hpp"

namespace pgsluice::effects {

namespace {

using PredicateKind = Predicate::Kind;

bool is_variable(const Value& value) {
  return value.kind == Value::Kind::variable;
}

bool mentions(const Predicate& said) {
  return std::ranges::any_of(said.values, is_variable) || std::ranges::any_of(said.parts, mentions);
}

bool mentions(const RelationRef& ref) {
  return ref.where && mentions(*ref.where);
}

bool mentions(const RowChange& change) {
  return mentions(change.target) || std::ranges::any_of(change.set_values, is_variable) ||
         std::ranges::any_of(change.rows, [](const std::vector<Value>& row) {
           return std::ranges::any_of(row, is_variable);
         });
}

void bind(Value& value, const VariableValue& value_of) {
  if (is_variable(value)) value = value_of(value.text);
}

Predicate bound(Predicate said, const VariableValue& value_of);

/// At least one of them.
Predicate alternatives(std::vector<Predicate> parts, const VariableValue& value_of) {
  Predicate result{.kind = PredicateKind::any, .parts = {}};
  for (Predicate& part : parts) {
    Predicate one = bound(std::move(part), value_of);
    if (one.kind == PredicateKind::unknown) return {};
    if (one.kind != PredicateKind::never) result.parts.push_back(std::move(one));
  }
  return result.parts.empty() ? Predicate{.kind = PredicateKind::never} : result;
}

Predicate bound(Predicate said, const VariableValue& value_of) {
  if (said.kind == PredicateKind::any) return alternatives(std::move(said.parts), value_of);
  if (said.kind == PredicateKind::all) {
    Predicate result;
    for (Predicate& part : said.parts) result = both(result, bound(std::move(part), value_of));
    return result;
  }
  for (Value& value : said.values) bind(value, value_of);
  const auto is_unknown = [](const Value& value) { return value.kind == Value::Kind::unknown; };
  if (std::ranges::any_of(said.values, is_unknown)) return {};
  const bool compares = said.kind == PredicateKind::compare;
  std::erase_if(said.values, [](const Value& value) { return value.kind == Value::Kind::null; });
  return compares && said.values.empty() ? Predicate{.kind = PredicateKind::never} : said;
}

void bind(RelationRef& ref, const VariableValue& value_of) {
  if (mentions(ref)) ref.where = bound(*ref.where, value_of);
}

void bind(RowChange& change, const VariableValue& value_of) {
  bind(change.target, value_of);
  for (Value& value : change.set_values) bind(value, value_of);
  for (std::vector<Value>& row : change.rows) {
    for (Value& value : row) bind(value, value_of);
  }
}

}  // namespace

std::optional<Command> bound_command(const Command& command, const VariableValue& value_of) {
  const bool any =
      std::ranges::any_of(command.relations, [](const RelationRef& ref) { return mentions(ref); }) ||
      (command.changes &&
       std::ranges::any_of(*command.changes, [](const RowChange& change) { return mentions(change); }));
  if (!any) return std::nullopt;
  Command result = command;
  for (RelationRef& ref : result.relations) bind(ref, value_of);
  if (result.changes) {
    for (RowChange& change : result.changes.edit()) bind(change, value_of);
  }
  return result;
}

}  // namespace pgsluice::effects
