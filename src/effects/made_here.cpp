// SPDX-License-Identifier: Apache-2.0
#include "made_here.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sql/object_name.hpp"

namespace pgsluice::effects {
namespace {

bool is_any(std::string_view text, auto... all) {
  return ((text == all) || ...);
}

bool is_function(std::string_view kind) {
  return is_any(kind, "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE");
}

bool is_type(std::string_view kind) {
  return is_any(kind, "OBJECT_TYPE", "OBJECT_DOMAIN");
}

std::string key(std::string_view kind, const RelationName& name, const Catalog& catalog,
                std::string_view more = {}) {
  return cat(kind, " ", catalog.resolve(name).quoted(), " ", more);
}

/// Functions that are not there are skipped.
bool is_skipped(const Command& command, const RelationName& name, const Catalog& catalog) {
  const std::string_view arguments = command.text("arguments");
  if (!catalog.complete || !command.is("missing_ok") || arguments == "*") return false;
  FunctionCall call{.schemaname = name.schemaname, .name = name.relname};
  call.arguments = arguments.empty() ? 0 : static_cast<int>(std::ranges::count(arguments, ',')) + 1;
  return catalog.functions(call).empty();
}

bool is_rename_of_column(const Command& command) {
  return command.tag == "RenameStmt" && command.text("renameType") == "OBJECT_COLUMN";
}

RelationName table_of(const Command& command, const Catalog& catalog) {
  const RelationRef* target = command.relation("target");
  return target == nullptr ? RelationName() : catalog.resolve(target->name);
}

}  // namespace

/// What takes it away, or makes another of it; what an INSERT without it would miss is not meant.
bool MadeHere::has_column(const Command& command, const Catalog& catalog) const {
  if (!is_any(command.tag, "AT_DropColumn", "AT_AlterColumnType") && !is_rename_of_column(command))
    return false;
  return columns_.contains({table_of(command, catalog), command.name});
}

void MadeHere::note_column(const Command& command, const Catalog& catalog) {
  if (command.tag == "AT_AddColumn" && !command.is("missing_ok") && !command.columns.empty()) {
    columns_.insert({table_of(command, catalog), command.columns.front().name});
  } else if (is_rename_of_column(command)) {
    const RelationName table = table_of(command, catalog);
    if (columns_.erase({table, command.name}) > 0) columns_.insert({table, command.new_name});
  } else if (command.tag == "AT_DropColumn") {
    columns_.erase({table_of(command, catalog), command.name});
  } else if (command.tag == "DropStmt" || sql::is_rename(command)) {
    columns_.clear();  // a name may lead elsewhere now
  }
}

bool MadeHere::has(const Command& command, const Catalog& catalog) const {
  if (has_column(command, catalog)) return true;
  if (command.tag == "AlterEnumStmt" && command.type)
    return names_.contains(key("type", sql::object_name(command), catalog));
  if (command.tag != "DropStmt" && !sql::is_rename(command)) return false;
  const std::string_view kind = sql::object_kind(command);
  if (kind == "OBJECT_SCHEMA") return names_.contains(cat("schema ", command.name));
  if (!is_function(kind) && !is_type(kind)) return false;
  const RelationName name = sql::object_name(command);
  if (name.schemaname == "pg_temp") return true;
  if (is_type(kind)) return names_.contains(key("type", name, catalog));
  const std::string_view arguments = command.text("arguments");
  if (arguments != "*")
    return names_.contains(key("function", name, catalog, arguments)) || is_skipped(command, name, catalog);
  const std::string prefix = key("function", name, catalog);
  const auto found = names_.lower_bound(prefix);
  return found != names_.end() && found->starts_with(prefix);
}

void MadeHere::note(const Command& command, const Catalog& catalog) {
  note_column(command, catalog);
  const RelationName name{.schemaname = command.new_name, .relname = command.name};
  if (command.tag == "CreateFunctionStmt" && !command.is("replace")) {
    names_.insert(key("function", name, catalog, command.text("arguments")));
  } else if (is_any(command.tag, "CreateEnumStmt", "CreateDomainStmt", "CreateRangeStmt")) {
    names_.insert(key("type", name, catalog));
  } else if (command.tag == "CompositeTypeStmt" && !command.relations.empty()) {
    names_.insert(key("type", command.relations.front().name, catalog));
  } else if (command.tag == "CreateSchemaStmt" && !command.is("if_not_exists")) {
    names_.insert(cat("schema ", command.name));
  } else if (command.tag == "RenameStmt" && is_type(sql::object_kind(command)) && has(command, catalog)) {
    names_.insert(key(
        "type", {.schemaname = sql::object_name(command).schemaname, .relname = command.new_name}, catalog));
  }
}

}  // namespace pgsluice::effects
