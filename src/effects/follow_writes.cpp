// SPDX-License-Identifier: Apache-2.0
// What writing rows sets off: triggers, rules and defaults.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "effects/firing.hpp"
#include "effects/follow_scope.hpp"

namespace pgsluice::effects {

namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

/// The variables that PL/pgSQL gives to a trigger function.
Variables trigger_variables(const RelationName& relation, const CatalogTrigger& trigger,
                            std::string_view event) {
  Variables variables{
      {"tg_op", constant_text(upper(event))},
      {"tg_name", constant_text(trigger.name)},
      {"tg_when", constant_text(trigger.timing == "instead" ? "INSTEAD OF" : upper(trigger.timing))},
      {"tg_level", constant_text(trigger.row ? "ROW" : "STATEMENT")},
      {"tg_table_name", constant_text(relation.relname)},
      {"tg_relname", constant_text(relation.relname)},
      {"tg_table_schema", constant_text(relation.schemaname)}};
  Text arguments{.kind = Text::Kind::array, .value = "0", .parts = {}};
  if (trigger.arguments) arguments.parts = *trigger.arguments;
  variables["tg_nargs"] = constant_text(std::to_string(arguments.parts.size()));
  variables["tg_argv"] = std::move(arguments);
  return variables;
}

}  // namespace

/// What the command does to rows has been found out already.
void Follower::follow_writes(const Command& command, const RowEffects& rows) {
  const std::vector<RowEvent> events = rows.events;
  const bool plans = command.tag == "PrepareStmt" || (command.tag == "ExplainStmt" && !command.is("analyze"));
  for (const RowEvent& event : events) {
    const Relation* found = catalog_.find(event.relation);
    if (found == nullptr) continue;
    const Relation relation = *found;  // a copy: what follows may change it
    // pg: copyfrom.c writes what it is told to write
    if (event.is_named && command.tag != "CopyStmt") follow_rules(relation, event.event, command.tag);
    if (!plans) follow_triggers(relation, event);
  }
  if (!plans) follow_calls(std::vector<FunctionCall>(rows.calls));
}

/// TRUNCATE fires statement triggers, of each table that it empties.
void Follower::follow_truncate(const std::vector<RelationLock>& locks) {
  for (const RelationLock& lock : std::vector<RelationLock>(locks)) {
    const Relation* found = lock.relkind != relkind::sequence ? catalog_.find(lock.relation) : nullptr;
    if (found == nullptr || lock.mode != LockMode::AccessExclusive) continue;
    follow_triggers(Relation(*found), {.relation = found->name, .event = "truncate", .is_named = true});
  }
}

void Follower::follow_triggers(const Relation& relation, const RowEvent& event) {
  if (relation.triggers.empty() || event.is_replaced) return;
  const Names* columns = event.columns ? &*event.columns : nullptr;
  for (const CatalogTrigger& trigger : relation.triggers) {
    if (!is_enabled(trigger.enabled, catalog_.is_replica)) continue;
    if (!fires(trigger, event.event, columns) || (trigger.row ? !event.has_rows : !event.is_named)) continue;
    const WaitingTrigger fired{
        .relation = relation.name, .trigger = trigger, .event = std::string(event.event)};
    if (trigger.deferrable && host_->in_transaction && host_->is_deferred(trigger.name, trigger.deferred)) {
      waiting_.push_back(fired);
    } else {
      follow_trigger(fired);
    }
  }
}

void Follower::follow_trigger(const WaitingTrigger& fired) {
  const CatalogTrigger& trigger = fired.trigger;
  follow_calls(trigger.when);
  const std::vector<const CatalogFunction*> found =
      catalog_.functions({.schemaname = trigger.function.schemaname, .name = trigger.function.relname});
  if (found.empty()) {
    const bool builtin = trigger.function.schemaname.empty() && is_builtin_function(trigger.function.relname);
    if (!builtin)
      opaque(cat("what the trigger function ", trigger.function.quoted(), "() does is not known"));
    return;
  }
  const CatalogFunction function = *found.front();
  // pg: pl_exec.c plpgsql_exec_trigger() makes NEW and OLD of the type of the table's rows
  if (trigger.row && function.code && function.code->language == "plpgsql")
    host_->open(fired.relation, LockMode::AccessShare);
  const Names outer = std::exchange(transition_tables_, trigger.transition_tables);
  follow_function(function, trigger_variables(fired.relation, trigger, fired.event),
                  cat("trigger ", fired.relation.quoted(), " ", trigger.name.str(), " ", fired.event));
  transition_tables_ = outer;
}

/// COMMIT, and SET CONSTRAINTS as far as it says so.
void Follower::follow_waiting() {
  std::vector<WaitingTrigger> due;
  std::erase_if(waiting_, [&](const WaitingTrigger& fired) {
    const bool waits =
        host_->in_transaction && host_->is_deferred(fired.trigger.name, fired.trigger.deferred);
    if (!waits) due.push_back(fired);
    return !waits;
  });
  for (const WaitingTrigger& fired : due) follow_trigger(fired);
}

/// `tag`: of the statement; the actions of a rule are prepared and explained as it is.
void Follower::follow_rules(const Relation& relation, std::string_view event, std::string_view tag) {
  for (const CatalogRule& rule : relation.rules) {
    if (rule.event != event || !is_enabled(rule.enabled, catalog_.is_replica)) continue;
    const std::string name = cat("rule ", relation.name.quoted(), " ", rule.name.str());
    if (!done_.insert(name).second) continue;
    if (rule.actions) run_as(tag, *rule.actions);
  }
}

}  // namespace pgsluice::effects
