// SPDX-License-Identifier: Apache-2.0
// Event triggers: what they run for a statement that changes the schema (event_trigger.c).
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "effects/firing.hpp"
#include "effects/follow.hpp"

namespace pgsluice::effects {

namespace {

/// utility.c ProcessUtilitySlow() serves the others; these are of the whole cluster, or change no schema.
bool supports_event_triggers(const Statement& statement, int pg_version) {
  constexpr std::array<std::string_view, 46> k_without = {"TransactionStmt",
                                                          "VariableSetStmt",
                                                          "VariableShowStmt",
                                                          "SelectStmt",
                                                          "InsertStmt",
                                                          "UpdateStmt",
                                                          "DeleteStmt",
                                                          "MergeStmt",
                                                          "ExplainStmt",
                                                          "LockStmt",
                                                          "NotifyStmt",
                                                          "ListenStmt",
                                                          "UnlistenStmt",
                                                          "PrepareStmt",
                                                          "ExecuteStmt",
                                                          "DeallocateStmt",
                                                          "DiscardStmt",
                                                          "CheckPointStmt",
                                                          "ConstraintsSetStmt",
                                                          "DeclareCursorStmt",
                                                          "FetchStmt",
                                                          "ClosePortalStmt",
                                                          "VacuumStmt",
                                                          "LoadStmt",
                                                          "DoStmt",
                                                          "CallStmt",
                                                          "CopyStmt",
                                                          "TruncateStmt",
                                                          "ClusterStmt",
                                                          "CreateRoleStmt",
                                                          "AlterRoleStmt",
                                                          "AlterRoleSetStmt",
                                                          "DropRoleStmt",
                                                          "GrantRoleStmt",
                                                          "CreatedbStmt",
                                                          "DropdbStmt",
                                                          "AlterDatabaseStmt",
                                                          "AlterDatabaseSetStmt",
                                                          "AlterSystemStmt",
                                                          "CreateTableSpaceStmt",
                                                          "DropTableSpaceStmt",
                                                          "AlterTableSpaceOptionsStmt",
                                                          "CreateEventTrigStmt",
                                                          "AlterEventTrigStmt",
                                                          "AlterDatabaseRefreshCollStmt",
                                                          "AlterSubscriptionStmt"};
  if (statement.tag == "SelectStmt") return statement.commands.front().is("into");
  if (statement.tag == "ReindexStmt") return pg_version == 0 || pg_version >= 17;
  return std::ranges::find(k_without, statement.tag) == k_without.end();
}

/// "TABLE" of OBJECT_TABLE; empty: it has another name in command tags.
std::string object_words(std::string_view type) {
  if (!type.starts_with("OBJECT_")) return {};
  type.remove_prefix(std::string_view("OBJECT_").size());
  if (type == "MATVIEW") return "MATERIALIZED VIEW";
  if (type == "TABCONSTRAINT" || type == "COLUMN") return "TABLE";
  if (type == "DOMCONSTRAINT") return "DOMAIN";
  if (type == "ATTRIBUTE") return "TYPE";
  return replace_all(type, "_", " ");
}

/// The command tag, as pg_event_trigger.evttags spells it; empty: not known here.
std::string command_tag(const Statement& statement) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 24> k_tags = {
      {{"CreateStmt", "CREATE TABLE"},
       {"CreateForeignTableStmt", "CREATE FOREIGN TABLE"},
       {"IndexStmt", "CREATE INDEX"},
       {"ViewStmt", "CREATE VIEW"},
       {"CreateSeqStmt", "CREATE SEQUENCE"},
       {"AlterSeqStmt", "ALTER SEQUENCE"},
       {"CreateTrigStmt", "CREATE TRIGGER"},
       {"RuleStmt", "CREATE RULE"},
       {"CreateSchemaStmt", "CREATE SCHEMA"},
       {"CreateExtensionStmt", "CREATE EXTENSION"},
       {"AlterExtensionStmt", "ALTER EXTENSION"},
       {"CreateEnumStmt", "CREATE TYPE"},
       {"AlterEnumStmt", "ALTER TYPE"},
       {"CompositeTypeStmt", "CREATE TYPE"},
       {"CreateRangeStmt", "CREATE TYPE"},
       {"CreateDomainStmt", "CREATE DOMAIN"},
       {"AlterDomainStmt", "ALTER DOMAIN"},
       {"CreatePolicyStmt", "CREATE POLICY"},
       {"AlterPolicyStmt", "ALTER POLICY"},
       {"CreateStatsStmt", "CREATE STATISTICS"},
       {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW"},
       {"CommentStmt", "COMMENT"},
       {"CreatePublicationStmt", "CREATE PUBLICATION"},
       {"AlterPublicationStmt", "ALTER PUBLICATION"}}};
  const auto found =
      std::ranges::find(k_tags, statement.tag, &std::pair<std::string_view, std::string_view>::first);
  if (found != k_tags.end()) return std::string(found->second);
  const Command& command = statement.commands.front();
  const auto worded = [&](std::string_view verb, FactName fact) {
    const std::string words = object_words(command.text(fact));
    return words.empty() ? words : cat(verb, words);
  };
  if (statement.tag == "SelectStmt") return "SELECT INTO";
  if (statement.tag == "DropStmt") return worded("DROP ", "removeType");
  if (statement.tag == "RenameStmt") return worded("ALTER ", "renameType");
  if (statement.tag == "AlterTableStmt") return worded("ALTER ", "objtype");
  if (statement.tag == "CreateTableAsStmt")
    return command.text("objtype") == "OBJECT_MATVIEW" ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
  if (statement.tag == "CreateFunctionStmt")
    return command.is("is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  return {};
}

/// dependency.c deleteObjectsInList() tells of what goes, unless that is an inner matter of the command.
bool may_drop(const Statement& statement) {
  if (statement.tag == "DropStmt" || statement.tag == "DropOwnedStmt") return true;
  return std::ranges::any_of(statement.commands, [](const Command& command) {
    return command.tag.starts_with("AT_Drop") || command.is("drop_default") ||
           (command.tag == "AlterDomainStmt" && command.text("subtype") == "X");
  });
}

}  // namespace

void Follower::follow_event_triggers(const Statement& statement, bool rewrites, int pg_version) {
  if (catalog_.event_triggers().empty() || statement.commands.empty()) return;
  if (!supports_event_triggers(statement, pg_version)) return;
  const std::string tag = command_tag(statement);
  for (const CatalogEventTrigger& trigger : std::vector<CatalogEventTrigger>(catalog_.event_triggers())) {
    const bool happens = trigger.event == "ddl_command_start" || trigger.event == "ddl_command_end" ||
                         (trigger.event == "sql_drop" && may_drop(statement)) ||
                         (trigger.event == "table_rewrite" && rewrites);
    if (!happens || !is_enabled(trigger.enabled, catalog_.is_replica)) continue;
    const bool wanted = trigger.tags.empty() || tag.empty() ||
                        std::ranges::any_of(trigger.tags, [&](Name name) { return name == tag; });
    if (!wanted) continue;
    const std::vector<const CatalogFunction*> found =
        catalog_.functions({.schemaname = trigger.function.schemaname, .name = trigger.function.relname});
    if (found.empty()) {
      opaque(cat("what the event trigger ", trigger.name.str(), " does is not known"));
      continue;
    }
    const CatalogFunction function = *found.front();
    Variables variables{{"tg_event", constant_text(trigger.event.str())}};
    if (!tag.empty()) variables["tg_tag"] = constant_text(tag);
    follow_function(function, std::move(variables),
                    cat("event trigger ", trigger.name.str(), " ", statement.tag));
  }
}

}  // namespace pgsluice::effects
