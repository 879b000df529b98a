// SPDX-License-Identifier: Apache-2.0
#include "plan/given_names.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "plan/names.hpp"
#include "plan/sql_text.hpp"
#include "sql/lexer.hpp"

namespace pgsluice {
namespace {

std::string relname_of(const Command& command) {
  const RelationRef* target = command.relation("target");
  return target != nullptr ? std::string(target->name.relname) : "";
}

std::optional<GivenName> given_by(const Command& command) {
  const std::string relname = relname_of(command);
  const std::string new_name(command.new_name);
  if (relname.empty()) return std::nullopt;
  if (command.tag == "AlterObjectSchemaStmt")
    return GivenName{.schemaname = new_name, .relname = relname, .column = {}};
  if (command.tag == "AT_AlterColumnType" && command.expression)
    return GivenName{.schemaname = {}, .relname = relname, .column = command.name, .holds_values = true};
  if (command.tag != "RenameStmt") return std::nullopt;
  if (command.name.empty()) return GivenName{.schemaname = {}, .relname = new_name, .column = {}};
  if (command.text("renameType") != "OBJECT_COLUMN") return std::nullopt;
  return GivenName{.schemaname = {}, .relname = relname, .column = new_name};
}

/// The relation, or the column, that a command drops or makes.
GivenName part_of(const Command& command) {
  const bool of_column = command.tag == "AT_DropColumn" || command.tag == "AT_AddColumn";
  return {
      .schemaname = {}, .relname = relname_of(command), .column = of_column ? std::string(command.name) : ""};
}

bool drops_part(const Command& command) {
  const std::string_view what = command.text("removeType");
  return command.tag == "AT_DropColumn" || what == "OBJECT_TABLE" || what == "OBJECT_FOREIGN_TABLE";
}

bool makes_part(const Command& command) {
  constexpr std::array tags = {"AT_AddColumn", "CreateStmt", "CreateForeignTableStmt", "CreateTableAsStmt",
                               "ViewStmt"};
  return std::ranges::find(tags, command.tag) != tags.end();
}

bool changes_rows(std::string_view tag) {
  return tag == "UpdateStmt" || tag == "DeleteStmt" || tag == "InsertStmt" || tag == "MergeStmt" ||
         tag == "DoStmt";
}

/// Elsewhere a string may be code, as in DO, or tell a function which column it is to change.
bool strings_are_data(std::string_view tag) {
  return tag == "CommentStmt" || tag == "AlterTableStmt" || tag == "CreateStmt" || tag == "IndexStmt";
}

/// Outside comments, and outside strings that are data.
bool has_name(std::string_view sql, std::string_view name, bool skips_strings) {
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    if (token.kind == sql::TokenKind::unterminated) return has_word(sql.substr(token.begin), name);
    if (token.kind == sql::TokenKind::string && skips_strings) continue;
    if (has_word(lexer.text(token), name)) return true;
  }
  return false;
}

}  // namespace

std::vector<GivenName> names_given(const FileAnalysis& file) {
  std::vector<GivenName> names;
  std::vector<GivenName> dropped;
  for (const Statement& statement : file.script.statements) {
    for (const Command& command : statement.commands) {
      if (auto given = given_by(command)) names.push_back(*std::move(given));
      if (drops_part(command)) dropped.push_back(part_of(command));
      if (makes_part(command) && std::ranges::count(dropped, part_of(command)) > 0)
        names.push_back(part_of(command));
    }
  }
  return names;
}

bool may_mean(const FileAnalysis& file, const Effect& effect, const GivenName& given) {
  const Statement& statement = file.script.statements.at(effect.statement);
  if (given.holds_values && !changes_rows(statement.tag)) return false;
  const bool has_relation = std::ranges::any_of(effect.locks, [&given](const RelationLock& lock) {
    return is_of_its_own(lock.relkind) && !lock.is_new && lock.relation.relname == given.relname &&
           (given.schemaname.empty() || lock.relation.schemaname == given.schemaname);
  });
  if (!has_relation || given.column.empty()) return has_relation;
  const std::string sql =
      file.script.source.text.substr(statement.range.begin, statement.range.end - statement.range.begin);
  return has_name(to_lower(sql), to_lower(given.column), strings_are_data(statement.tag));
}

}  // namespace pgsluice
