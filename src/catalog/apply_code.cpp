// SPDX-License-Identifier: Apache-2.0
// What holds code, or starts it: functions, triggers and rules.
#include <algorithm>
#include <utility>

#include "change.hpp"
#include "mentions.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

/// pg_trigger.tgenabled and pg_rewrite.ev_enabled after a sub-command of ALTER TABLE.
char enabled_by(std::string_view tag) {
  if (tag.starts_with("AT_Disable")) return 'D';
  if (tag.starts_with("AT_EnableAlways")) return 'A';
  return tag.starts_with("AT_EnableReplica") ? 'R' : 'O';
}

}  // namespace

Box<CodeBlock> CatalogChange::meant(Box<CodeBlock> code) const {
  if (!is_kept_parsed(code)) return code;
  for (CodeStep& step : code.edit().body.edit().steps) {
    for (Command& command : step.statement.commands) command.functions = meant(std::span(command.functions));
    for_each_relation_name(step.statement, [this](RelationName& name) {
      if (const Relation* found = catalog_.find(name)) name = found->name;
    });
  }
  return code;
}

void CatalogChange::create_function() {
  CatalogFunction function{.name = type_full_name(),
                           .volatility = command_.text("volatility"),
                           .owner = catalog_.role,
                           .code = meant(command_.code)};
  std::vector<CatalogFunction>& overloads = catalog_.objects().functions[function.name];
  std::erase_if(overloads, [&](const CatalogFunction& other) {
    return !other.code || !function.code || other.code->types == function.code->types;
  });
  overloads.push_back(std::move(function));
}

/// Which of several overloads it was nobody knows: then only what makes it worse counts.
void CatalogChange::alter_function() {
  const std::string_view volatility = command_.text("volatility");
  const bool sets_path = command_.is("sets_search_path");
  if (volatility.empty() && !sets_path) return;
  auto& functions = catalog_.objects().functions;
  const auto found =
      functions.find(catalog_.function_name({.schemaname = command_.new_name, .name = command_.name}));
  if (found == functions.end()) return;
  const bool is_alone = found->second.size() == 1;
  for (CatalogFunction& function : found->second) {
    if (volatility == "volatile" || (is_alone && !volatility.empty())) function.volatility = volatility;
    if (!sets_path || !is_alone || !function.code) continue;
    CodeBlock code = *function.code;
    code.search_path = command_.names;
    code.stays_call = true;
    function.code = std::move(code);
  }
}

void CatalogChange::create_trigger() {
  if (command_.functions.empty()) return;
  const FunctionCall& function = command_.functions.front();
  CatalogTrigger trigger{.name = command_.name,
                         .function = catalog_.function_name(function),
                         .row = command_.is("row"),
                         .timing = command_.text("timing"),
                         .events = {},
                         .columns = command_.names,
                         .deferrable = command_.is("deferrable"),
                         .deferred = command_.is("deferred"),
                         .transition_tables = {},
                         .arguments = function.texts,
                         .when = {}};
  if (command_.is("insert")) trigger.events.emplace_back("insert");
  if (command_.is("update")) trigger.events.emplace_back("update");
  if (command_.is("delete")) trigger.events.emplace_back("delete");
  if (command_.is("truncate")) trigger.events.emplace_back("truncate");
  if (command_.expression) trigger.when = meant(command_.expression->functions);
  for (const RelationRef& ref : command_.relations) {
    if (ref.role == "transition") trigger.transition_tables.push_back(ref.name.relname);
  }
  const auto put = [&](Relation& relation) {
    erase_if(relation.triggers, [&](const CatalogTrigger& t) { return t.name == trigger.name; });
    relation.triggers.push_back(trigger);
  };
  const Relation* table = target();
  if (table != nullptr && table->relkind == relkind::partitioned_table && trigger.row) return for_family(put);
  for_target(put);
}

void CatalogChange::rename_trigger() {
  for_family([this](Relation& relation) {
    for (CatalogTrigger& trigger : relation.triggers) {
      if (trigger.name == command_.name) trigger.name = command_.new_name;
    }
  });
}

void CatalogChange::enable_triggers(std::string_view tag) {
  const char enabled = enabled_by(tag);
  const bool all = tag.ends_with("All") || tag.ends_with("User");
  for_family([&](Relation& relation) {
    for (CatalogTrigger& trigger : relation.triggers) {
      if (all || trigger.name == command_.name) trigger.enabled = enabled;
    }
  });
}

/// But for the table that the rule is on: with that it goes anyway.
void CatalogChange::add_read(const Statement& action, std::vector<RelationName>& reads) const {
  const Relation* own = target();
  for (const Command& command : action.commands) {
    for (const RelationRef& ref : command.relations) {
      const RelationName name = catalog_.resolve(ref.name);
      const bool known = std::ranges::find(reads, name) != reads.end();
      if (!known && (own == nullptr || own->name != name)) reads.push_back(name);
    }
  }
}

void CatalogChange::create_event_trigger() {
  if (command_.functions.empty()) return;
  const FunctionCall& function = command_.functions.front();
  catalog_.objects().event_triggers.push_back({.name = command_.name,
                                               .event = command_.new_name,
                                               .tags = command_.names,
                                               .function = catalog_.function_name(function)});
}

void CatalogChange::enable_event_trigger() {
  for (CatalogEventTrigger& trigger : catalog_.objects().event_triggers) {
    if (trigger.name == command_.name && !command_.new_name.empty())
      trigger.enabled = command_.new_name.str().front();
  }
}

void CatalogChange::create_rule() {
  CatalogRule rule{.name = command_.name,
                   .event = command_.text("event"),
                   .instead = command_.is("instead"),
                   .conditional = command_.is("conditional"),
                   .actions = command_.inner,
                   .reads = {},
                   .uses = column_uses()};
  if (command_.inner) {
    for (const Statement& action : *command_.inner) add_read(action, rule.reads);
  }
  for_target([&](Relation& relation) {
    erase_if(relation.rules, [&](const CatalogRule& other) { return other.name == rule.name; });
    relation.rules.push_back(rule);
  });
}

void CatalogChange::enable_rule(std::string_view tag) {
  const char enabled = enabled_by(tag);
  for_target([&](Relation& relation) {
    for (CatalogRule& rule : relation.rules) {
      if (rule.name == command_.name) rule.enabled = enabled;
    }
  });
}

}  // namespace pgsluice
