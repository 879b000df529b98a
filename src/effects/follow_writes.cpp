// SPDX-License-Identifier: Apache-2.0
// What writing rows sets off: triggers, rules and defaults.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "effects/follow_scope.hpp"

namespace pgsluice::effects {

namespace {

/// Of triggers and rules; empty: rows are only looked through.
std::string_view event_of(RowChange::Kind kind) {
  switch (kind) {
    case RowChange::Kind::insert: return "insert";
    case RowChange::Kind::update: return "update";
    case RowChange::Kind::remove: return "delete";
    default: return {};
  }
}

bool overlap(const Names& a, const Names& b) {
  return std::ranges::any_of(a, [&b](const Name name) { return std::ranges::find(b, name) != b.end(); });
}

/// pg_trigger.tgenabled and pg_rewrite.ev_enabled, under either session_replication_role.
bool is_enabled(char enabled, bool is_replica) {
  return enabled == 'A' || enabled == (is_replica ? 'R' : 'O');
}

bool fires(const CatalogTrigger& trigger, std::string_view event, const Names* columns) {
  if (std::ranges::find(trigger.events, event) == trigger.events.end()) return false;
  return event != "update" || columns == nullptr || trigger.columns.empty() ||
         overlap(trigger.columns, *columns);
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

/// The variables that PL/pgSQL gives to a trigger function.
Variables trigger_variables(const Relation& relation, const CatalogTrigger& trigger, std::string_view event) {
  Variables variables{
      {"tg_op", constant_text(upper(event))},
      {"tg_name", constant_text(trigger.name)},
      {"tg_when", constant_text(trigger.timing == "instead" ? "INSTEAD OF" : upper(trigger.timing))},
      {"tg_level", constant_text(trigger.row ? "ROW" : "STATEMENT")},
      {"tg_table_name", constant_text(relation.name.relname)},
      {"tg_relname", constant_text(relation.name.relname)},
      {"tg_table_schema", constant_text(relation.name.schemaname)}};
  Text arguments{.kind = Text::Kind::array, .value = "0", .parts = {}};
  if (trigger.arguments) arguments.parts = *trigger.arguments;
  variables["tg_nargs"] = constant_text(std::to_string(arguments.parts.size()));
  variables["tg_argv"] = std::move(arguments);
  return variables;
}

}  // namespace

void Follower::follow_writes(const Command& command) {
  if (command.tag == "TruncateStmt") {
    if (const RelationRef* target = command.relation("target"))
      follow_write(target->name, target->only, "truncate", nullptr);
    return;
  }
  if (!command.changes) return;
  const Box<std::vector<RowChange>> changes = command.changes;
  for (const RowChange& change : *changes) {
    const std::string_view event = event_of(change.kind);
    if (event.empty()) continue;
    follow_write(change.target.name, change.target.only, event,
                 event == "update" ? &change.set_columns : nullptr);
    if (event != "insert") continue;
    // ON CONFLICT DO UPDATE
    if (!change.set_columns.empty()) {
      follow_write(change.target.name, change.target.only, "update", &change.set_columns);
    }
    follow_defaults(change);
  }
}

/// `columns`: those that an UPDATE sets; nullptr: not known.
void Follower::follow_write(const RelationName& name, bool only, std::string_view event,
                            const Names* columns) {
  const Relation* found = catalog_.find(name);
  if (found == nullptr) return;
  const Relation relation = *found;  // a copy: what follows may change it
  follow_rules(relation, event);
  follow_triggers(relation, event, columns, false);
  // Rows go to partitions; UPDATE and DELETE reach whatever inherits.
  if (only || (event == "insert" && relation.relkind != relkind::partitioned_table)) return;
  std::vector<Relation> children;
  for (const Relation* child : catalog_.descendants(relation.name)) children.push_back(*child);
  for (const Relation& child : children) follow_triggers(child, event, columns, event != "truncate");
}

void Follower::follow_triggers(const Relation& relation, std::string_view event, const Names* columns,
                               bool rows_only) {
  for (const CatalogTrigger& trigger : relation.triggers) {
    if (!is_enabled(trigger.enabled, catalog_.is_replica)) continue;
    if (!fires(trigger, event, columns) || (rows_only && !trigger.row)) continue;
    if (trigger.deferred && host_->in_transaction) continue;  // at COMMIT
    follow_calls(trigger.when);
    follow_trigger(relation, trigger, event);
  }
}

void Follower::follow_trigger(const Relation& relation, const CatalogTrigger& trigger,
                              std::string_view event) {
  const std::vector<const CatalogFunction*> found =
      catalog_.functions({.schemaname = trigger.function.schemaname, .name = trigger.function.relname});
  if (found.empty()) {
    const bool builtin = trigger.function.schemaname.empty() && is_builtin_function(trigger.function.relname);
    if (!builtin)
      opaque(cat("what the trigger function ", trigger.function.quoted(), "() does is not known"));
    return;
  }
  const CatalogFunction function = *found.front();
  follow_function(function, trigger_variables(relation, trigger, event),
                  cat("trigger ", relation.name.quoted(), " ", trigger.name.str(), " ", event));
}

void Follower::follow_rules(const Relation& relation, std::string_view event) {
  for (const CatalogRule& rule : relation.rules) {
    if (rule.event != event || !is_enabled(rule.enabled, catalog_.is_replica)) continue;
    const std::string name = cat("rule ", relation.name.quoted(), " ", rule.name.str());
    if (!done_.insert(name).second) continue;
    run_all(rule.actions);
  }
}

/// Columns that the statement leaves to their default.
void Follower::follow_defaults(const RowChange& change) {
  const Relation* found = catalog_.find(change.target.name);
  if (found == nullptr) return;
  const std::vector<CatalogColumn> columns = found->columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const CatalogColumn& column = columns[i];
    const bool given = change.columns.empty()
                           ? i < change.width || !change.star.empty()
                           : std::ranges::find(change.columns, column.name) != change.columns.end();
    if (!column.default_expression || (given && column.generated.empty())) continue;
    follow_calls(column.default_expression->functions);
  }
}

}  // namespace pgsluice::effects
