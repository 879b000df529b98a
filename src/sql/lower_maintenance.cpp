// SPDX-License-Identifier: Apache-2.0
// VACUUM, CLUSTER, REINDEX, TRUNCATE, REFRESH, LOCK and COPY: what works on the rows of whole relations.
#include <array>

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

std::string_view lock_mode_name(int mode) {
  constexpr std::array<std::string_view, 9> k_names = {
      "NoLock",    "AccessShareLock",       "RowShareLock",  "RowExclusiveLock",   "ShareUpdateExclusiveLock",
      "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"};
  return k_names.at(static_cast<std::size_t>(mode));
}

void lower_vacuum(const ::VacuumStmt* node, const Source& source, Statement& statement) {
  const auto add = [&](const ::RangeVar* relation) {
    Command& command = add_command(statement, "VacuumStmt", source.whole());
    set_fact(command, "is_vacuumcmd", node->is_vacuumcmd);
    set_fact(command, "full", option_on(node->options, "full"));
    set_fact(command, "process_main",
             !option_given(node->options, "process_main") || option_on(node->options, "process_main"));
    set_fact(command, "analyze", !node->is_vacuumcmd || option_on(node->options, "analyze"));
    set_fact(command, "whole_database", relation == nullptr);
    set_fact(command, "stats_only", option_on(node->options, "only_database_stats"));
    set_fact(command, "keeps_pages",
             option_given(node->options, "truncate") && !option_on(node->options, "truncate"));
    set_fact(command, "skip_locked", option_on(node->options, "skip_locked"));
    set_fact(command, "only", relation != nullptr && !relation->inh);
    if (relation != nullptr) add_relation(command, "target", relation_name(relation), !relation->inh);
  };
  if (length(node->rels) == 0) add(nullptr);
  for (auto* relation : each<::VacuumRelation>(node->rels)) add(relation->relation);
}

std::string_view reindex_kind(::ReindexObjectType kind) {
  switch (kind) {
    case REINDEX_OBJECT_INDEX: return "REINDEX_OBJECT_INDEX";
    case REINDEX_OBJECT_TABLE: return "REINDEX_OBJECT_TABLE";
    case REINDEX_OBJECT_SCHEMA: return "REINDEX_OBJECT_SCHEMA";
    case REINDEX_OBJECT_SYSTEM: return "REINDEX_OBJECT_SYSTEM";
    default: return "REINDEX_OBJECT_DATABASE";
  }
}

void lower_reindex(const ::ReindexStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "ReindexStmt", source.whole());
  set_fact(command, "kind", reindex_kind(node->kind));
  set_fact(command, "concurrent", option_on(node->params, "concurrently"));
  if (node->relation != nullptr) add_relation(command, "target", relation_name(node->relation));
  command.name = view(node->name);
}

/// From standard input come the rows that stand behind the statement in the file: parse() says so when there are any.
RowChange copied_rows(const ::CopyStmt* node) {
  RowChange change{.kind = RowChange::Kind::insert,
                   .target = {.role = "target", .name = relation_name(node->relation)}};
  change.columns = strings(node->attlist);
  if (change.columns.empty()) change.star = {.schemaname = {}, .relname = "*"};
  const bool from_input = node->filename == nullptr && !node->is_program;
  if (from_input || (!node->is_program && view(node->filename) == "/dev/null")) change.count = 0;
  return change;
}

}  // namespace

bool lower_maintenance_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_TruncateStmt: {
      auto* n = reinterpret_cast<::TruncateStmt*>(node);
      lower_relations("TruncateStmt", n->relations, source, statement, [n](Command& command) {
        set_fact(command, "behavior", behavior_name(n->behavior));
        set_fact(command, "restart_seqs", n->restart_seqs);
      });
      return true;
    }
    case T_LockStmt: {
      auto* n = reinterpret_cast<::LockStmt*>(node);
      lower_relations("LockStmt", n->relations, source, statement, [n](Command& command) {
        set_fact(command, "mode", lock_mode_name(n->mode));
        set_fact(command, "nowait", n->nowait);
      });
      return true;
    }
    case T_VacuumStmt: lower_vacuum(reinterpret_cast<::VacuumStmt*>(node), source, statement); return true;
    case T_ReindexStmt: lower_reindex(reinterpret_cast<::ReindexStmt*>(node), source, statement); return true;
    case T_ClusterStmt: {
      auto* n = reinterpret_cast<::ClusterStmt*>(node);
      Command& command = lower_relation("ClusterStmt", n->relation, source, statement);
      set_fact(command, "whole_database", n->relation == nullptr);
      command.name = view(n->indexname);
      if (n->indexname != nullptr) {
        add_relation(command, "index", {view(n->relation->schemaname), view(n->indexname)});
      }
      return true;
    }
    case T_RefreshMatViewStmt: {
      auto* n = reinterpret_cast<::RefreshMatViewStmt*>(node);
      Command& command = lower_relation("RefreshMatViewStmt", n->relation, source, statement);
      set_fact(command, "concurrent", n->concurrent);
      set_fact(command, "skipData", n->skipData);
      return true;
    }
    case T_CopyStmt: {
      auto* n = reinterpret_cast<::CopyStmt*>(node);
      Command& command = lower_relation("CopyStmt", n->relation, source, statement);
      set_fact(command, "is_from", n->is_from);
      command.names = strings(n->attlist);
      if (n->is_from) command.changes = std::vector{copied_rows(n)};
      if (n->query != nullptr) add_query_use(n->query, source, command);
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
