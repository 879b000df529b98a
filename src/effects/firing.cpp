// SPDX-License-Identifier: Apache-2.0
#include "firing.hpp"

#include <algorithm>

namespace pgsluice::effects {

namespace {

bool overlap(const Names& a, const Names& b) {
  return std::ranges::any_of(a, [&b](const Name name) { return std::ranges::find(b, name) != b.end(); });
}

}  // namespace

std::string_view event_of(RowChange::Kind kind) {
  switch (kind) {
    case RowChange::Kind::insert: return "insert";
    case RowChange::Kind::update: return "update";
    case RowChange::Kind::remove: return "delete";
    default: return {};
  }
}

bool is_enabled(char enabled, bool is_replica) {
  return enabled == 'A' || enabled == (is_replica ? 'R' : 'O');
}

bool fires(const CatalogTrigger& trigger, std::string_view event, const Names* columns) {
  if (std::ranges::find(trigger.events, event) == trigger.events.end()) return false;
  return event != "update" || columns == nullptr || trigger.columns.empty() ||
         overlap(trigger.columns, *columns);
}

const CatalogRule* instead_rule(const Relation& relation, std::string_view event, bool is_replica) {
  const auto found = std::ranges::find_if(relation.rules, [&](const CatalogRule& rule) {
    return rule.instead && !rule.conditional && rule.event == event && is_enabled(rule.enabled, is_replica);
  });
  return found != relation.rules.end() ? &*found : nullptr;
}

bool has_instead_trigger(const Relation& view, std::string_view event, bool is_replica) {
  return std::ranges::any_of(view.triggers, [&](const CatalogTrigger& trigger) {
    return trigger.timing == "instead" && is_enabled(trigger.enabled, is_replica) &&
           (event.empty() || fires(trigger, event, nullptr));
  });
}

}  // namespace pgsluice::effects
